#!/usr/bin/env node
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `tandem needs Node 22.18 or newer; this is ${process.version}. Get a newer one from ` +
      "https://nodejs.org.\n",
  );
  process.exitCode = 1;
} else {
  const { main } = await import("./main.ts");
  await main(process.argv.slice(2));
}

export {};
