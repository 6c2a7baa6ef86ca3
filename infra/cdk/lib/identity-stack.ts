import { Duration, Stack, type StackProps } from "aws-cdk-lib";
import { Certificate, CertificateValidation } from "aws-cdk-lib/aws-certificatemanager";
import { HostedZone, TxtRecord } from "aws-cdk-lib/aws-route53";
import { EmailIdentity, Identity, MailFromBehaviorOnMxFailure } from "aws-cdk-lib/aws-ses";
import { CfnOutput } from "aws-cdk-lib";
import type { Construct } from "constructs";

import { parameter, type Input } from "./input.js";

/** The domain that a sender's address names. */
export function senderDomain(mailFrom: string): string {
  const address = mailFrom.slice(mailFrom.indexOf("<") + 1).replace(/>\s*$/, "");
  return address.slice(address.indexOf("@") + 1);
}

/**
 * What mail and the API's domain rest on: the sender's domain in SES with DKIM and a MAIL FROM domain, a DMARC policy, and the
 * certificate. It is deployed once, before the service, into a stage whose DNS is in Route 53.
 */
export class IdentityStack extends Stack {
  constructor(scope: Construct, id: string, input: Input, props: StackProps) {
    super(scope, id, props);
    const domain = senderDomain(parameter(input, "MailFrom"));
    const zone = HostedZone.fromHostedZoneAttributes(this, "Zone", {
      hostedZoneId: parameter(input, "HostedZoneId"),
      zoneName: domain,
    });
    new EmailIdentity(this, "Sender", {
      identity: Identity.publicHostedZone(zone),
      mailFromDomain: `bounce.${domain}`,
      mailFromBehaviorOnMxFailure: MailFromBehaviorOnMxFailure.USE_DEFAULT_VALUE,
    });
    new TxtRecord(this, "Dmarc", {
      zone,
      recordName: "_dmarc",
      values: [`v=DMARC1; p=none; rua=mailto:dmarc@${domain}`],
      ttl: Duration.hours(1),
    });
    const certificate = new Certificate(this, "Certificate", {
      domainName: parameter(input, "DomainName"),
      validation: CertificateValidation.fromDns(zone),
    });
    new CfnOutput(this, "CertificateArn", { value: certificate.certificateArn, description: "Value of CertificateArn" });
  }
}
