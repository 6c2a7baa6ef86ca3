// Writes the stacks of one stage: `python -m infra.deploy cdk STAGE` prepares the input and calls this.

import { App, Aspects, type StackProps } from "aws-cdk-lib";
import { AwsSolutionsChecks, NagReportFormat, NagSuppressions } from "cdk-nag";

import { BackupStack, WatchStack } from "../lib/guard-stack.js";
import { IdentityStack } from "../lib/identity-stack.js";
import { parameter, readInput } from "../lib/input.js";
import { ServiceStack } from "../lib/service-stack.js";
import { guardOf } from "../lib/stages.js";

const file = process.env["SPACEDLY_CDK_INPUT"];
if (!file) {
  throw new Error("SPACEDLY_CDK_INPUT names no file: `make cdk-synth` sets it");
}
const input = readInput(file);
const settings = guardOf(input.stage);
const app = new App({ analyticsReporting: false });
const common = {
  env: { account: input.account, region: input.region },
  terminationProtection: input.stage === "production",
  tags: { app: "spacedly", stage: input.stage },
} satisfies StackProps;

const stacks = [
  new ServiceStack(app, "Service", input, { ...common, stackName: input.stackName }),
  new BackupStack(app, "Backup", input, settings, { ...common, stackName: `${input.stackName}-backup` }),
  new WatchStack(app, "Watch", input, settings, {
    ...common,
    env: { account: input.account, region: "us-east-1" },
    stackName: `${input.stackName}-watch`,
  }),
];
if (parameter(input, "HostedZoneId")) {
  stacks.push(new IdentityStack(app, "Identity", input, { ...common, stackName: `${input.stackName}-identity` }));
}
for (const stack of stacks) {
  NagSuppressions.addStackSuppressions(stack, [...input.suppressions]);
}
Aspects.of(app).add(new AwsSolutionsChecks({ reports: true, reportFormats: [NagReportFormat.JSON] }));
app.synth();
