import semver from "semver";
import { DuplicateWorkflowError, InvalidDefinitionError, UnknownWorkflowError } from "../errors.ts";
import { Suggestions } from "./suggest.ts";
import { validateDefinition } from "./validate.ts";
import { show } from "./validate-options.ts";
import { type AnyDefinition, WorkflowDefinition } from "./workflow-definition.ts";

/** The definitions that an engine knows, by name and version. */
export class WorkflowRegistry {
  readonly #versions = new Map<string, Map<string, AnyDefinition>>();
  /** By name: found once, since versions are compared by rules that take their time. */
  readonly #latest = new Map<string, AnyDefinition>();

  /**
   * Makes a definition known. Registering the same object again changes nothing.
   *
   * @throws DuplicateWorkflowError if the name and version belong to another definition.
   * @throws InvalidDefinitionError if it is not a definition, or one that cannot run.
   */
  registerDefinition(definition: AnyDefinition): void {
    // Whatever is no WorkflowDefinition of this copy of the package has not been checked yet.
    const isChecked = definition instanceof WorkflowDefinition;
    const problems = isChecked ? [] : validateDefinition(definition);
    if (problems.length > 0) throw new InvalidDefinitionError(String(definition?.name), problems);

    const versions = this.#versions.get(definition.name) ?? new Map<string, AnyDefinition>();
    const known = versions.get(definition.version);
    if (known !== undefined && known !== definition) {
      throw new DuplicateWorkflowError(
        `"${definition.name}" version ${definition.version} is registered already; ` +
          "give the changed definition a new version.",
      );
    }
    versions.set(definition.version, definition);
    this.#latest.delete(definition.name);
    this.#versions.set(definition.name, versions);
  }

  /**
   * The definition of a name, in the given version or else the latest by semantic versioning; a
   * prerelease such as `2.0.0-beta.1` is the latest only where nothing else is registered.
   *
   * @throws UnknownWorkflowError naming what is registered.
   */
  getDefinition(name: string, version?: string): AnyDefinition {
    const versions = this.#versions.get(name);
    if (versions === undefined) {
      const hint = new Suggestions(this.#versions.keys()).for(String(name));
      throw new UnknownWorkflowError(
        `No workflow ${show(name)} is registered${hint}; call registerDefinition with it first.`,
      );
    }
    const definition =
      version === undefined ? this.#latestOf(name, versions) : versions.get(version);
    if (definition === undefined) {
      throw new UnknownWorkflowError(
        `Workflow "${name}" has no version ${show(version)} ` +
          `(registered: ${semver.sort([...versions.keys()]).join(", ")}); ` +
          "register that version or ask for another.",
      );
    }
    return definition;
  }

  #latestOf(name: string, versions: ReadonlyMap<string, AnyDefinition>): AnyDefinition | undefined {
    let definition = this.#latest.get(name);
    if (definition === undefined) {
      definition = versions.get(latest(versions.keys()));
      if (definition !== undefined) this.#latest.set(name, definition);
    }
    return definition;
  }

  /** Every registered definition, by name and then by version. */
  listDefinitions(): AnyDefinition[] {
    return [...this.#versions.keys()]
      .sort()
      .flatMap((name) =>
        semver
          .sort([...(this.#versions.get(name)?.keys() ?? [])])
          .map((version) => this.getDefinition(name, version)),
      );
  }
}

function latest(versions: Iterable<string>): string {
  const all = semver.rsort([...versions]);
  return all.find((version) => semver.prerelease(version) === null) ?? all[0] ?? "";
}
