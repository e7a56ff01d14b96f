/**
 * Prints how many tests passed, failed and were skipped, from the report of vitest's JSON reporter that
 * is named on the command line. A file that could not be loaded counts as one failure.
 */
import { readFileSync } from "node:fs";

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

const report: Report = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8"));
const filesThatFailed = report.testResults.filter(
  ({ status, assertionResults }) =>
    status === "failed" && !assertionResults.some((result) => result.status === "failed"),
).length;

const passed = report.numPassedTests;
const failed = report.numFailedTests + filesThatFailed;
const skipped = report.numPendingTests + report.numTodoTests;
if (passed + failed === 0) {
  process.stderr.write("count-tests: the report names no test that ran.\n");
  process.exit(1);
}
process.stdout.write(`${passed} ${failed} ${skipped}\n`);
