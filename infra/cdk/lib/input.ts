import { readFileSync } from "node:fs";

/** A rule of cdk-nag that is broken on purpose, and why. */
export interface Suppression {
  readonly id: string;
  readonly reason: string;
}

/**
 * What `python -m infra.deploy` hands over: the stage as samconfig.toml declares it, the template after our expansion, and
 * the bundle's packages.
 */
export interface Input {
  readonly stage: string;
  /** Twelve digits. Credentials of another account cannot deploy. */
  readonly account: string;
  readonly region: string;
  readonly stackName: string;
  readonly parameters: Readonly<Record<string, string | number>>;
  /** The expanded template, JSON. */
  readonly template: string;
  /** The folder of the packages, `<binary>.zip`. */
  readonly code: string;
  readonly suppressions: readonly Suppression[];
}

/** Reads the input from a file. Missing members are an error here, not later in a template. */
export function readInput(file: string): Input {
  const read = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  for (const name of ["stage", "account", "region", "stackName", "parameters", "template", "code", "suppressions"]) {
    if (read[name] === undefined) {
      throw new Error(`${file} has no ${name}`);
    }
  }
  const input = read as unknown as Input;
  if (!/^\d{12}$/.test(input.account)) {
    throw new Error(`samconfig.toml names no account for ${input.stage}`);
  }
  return input;
}

/** A parameter's text; empty if it is not set. */
export function parameter(input: Input, name: string): string {
  return String(input.parameters[name] ?? "");
}
