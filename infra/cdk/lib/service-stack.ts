import { join } from "node:path";

import { Stack, type StackProps } from "aws-cdk-lib";
import { CfnFunction } from "aws-cdk-lib/aws-lambda";
import { Asset } from "aws-cdk-lib/aws-s3-assets";
import { CfnInclude } from "aws-cdk-lib/cloudformation-include";
import type { Construct } from "constructs";

import type { Input } from "./input.js";

/**
 * The stack of template.yaml. It has the name, the logical ids and the properties that SAM gives it, so a stack can pass
 * from one to the other.
 */
export class ServiceStack extends Stack {
  readonly template: CfnInclude;

  constructor(scope: Construct, id: string, input: Input, props: StackProps) {
    super(scope, id, props);
    this.template = new CfnInclude(this, "Template", {
      templateFile: input.template,
      parameters: { ...input.parameters },
    });
    const assets = new Map<string, Asset>();
    for (const node of this.node.findAll()) {
      if (node instanceof CfnFunction) {
        this.usePackage(node, input.code, assets);
      }
    }
  }

  /** Uploads the package that the expanded template names, once for all functions of its binary. */
  private usePackage(target: CfnFunction, folder: string, assets: Map<string, Asset>): void {
    const { s3Key } = target.code as CfnFunction.CodeProperty;
    if (!s3Key) {
      throw new Error(`${target.logicalId} has no package`);
    }
    const asset = assets.get(s3Key) ?? new Asset(this, `Code-${s3Key.replace(/\.zip$/, "")}`, { path: join(folder, s3Key) });
    assets.set(s3Key, asset);
    target.code = { s3Bucket: asset.s3BucketName, s3Key: asset.s3ObjectKey };
  }
}
