import { Duration, Fn, RemovalPolicy, Stack, type StackProps } from "aws-cdk-lib";
import { BackupPlan, BackupPlanRule, BackupResource, BackupVault } from "aws-cdk-lib/aws-backup";
import { CfnBudget } from "aws-cdk-lib/aws-budgets";
import { CfnAnomalyMonitor, CfnAnomalySubscription } from "aws-cdk-lib/aws-ce";
import { Alarm, ComparisonOperator, Metric, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import { Table } from "aws-cdk-lib/aws-dynamodb";
import { Schedule } from "aws-cdk-lib/aws-events";
import { CfnHealthCheck } from "aws-cdk-lib/aws-route53";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import type { Construct } from "constructs";

import { parameter, type Input } from "./input.js";
import type { GuardSettings } from "./stages.js";

/** Backups of the table that outlive the stack and its account's mistakes. In the table's region. */
export class BackupStack extends Stack {
  constructor(scope: Construct, id: string, input: Input, settings: GuardSettings, props: StackProps) {
    super(scope, id, props);
    const vault = new BackupVault(this, "Vault", {
      backupVaultName: `spacedly-${input.stage}`,
      removalPolicy: RemovalPolicy.RETAIN,
      blockRecoveryPointDeletion: true,
    });
    const plan = new BackupPlan(this, "Plan", { backupPlanName: `spacedly-${input.stage}`, backupVault: vault });
    plan.addRule(
      new BackupPlanRule({
        ruleName: "daily",
        scheduleExpression: Schedule.cron({ hour: "3", minute: "0" }),
        deleteAfter: Duration.days(settings.backupDays),
        copyActions: settings.copyTo
          ? [
              {
                destinationBackupVault: BackupVault.fromBackupVaultArn(this, "Copy", settings.copyTo),
                deleteAfter: Duration.days(settings.backupDays),
              },
            ]
          : [],
      }),
    );
    const table = Table.fromTableName(this, "Table", `spacedly-${input.stage}`);
    plan.addSelection("Selection", { resources: [BackupResource.fromDynamoDbTable(table)] });
  }
}

/** Watches cost, and `/health` from outside the stage's region. In us-east-1, where the metrics of health checks are. */
export class WatchStack extends Stack {
  constructor(scope: Construct, id: string, input: Input, settings: GuardSettings, props: StackProps) {
    super(scope, id, props);
    const email = parameter(input, "AlarmEmail");
    const topic = new Topic(this, "Alarms", { displayName: `Spacedly ${input.stage}`, enforceSSL: true });
    if (email) {
      topic.addSubscription(new EmailSubscription(email));
      this.watchCost(input, settings, email);
    }
    const domain = parameter(input, "DomainName");
    if (domain) {
      this.probe(domain, topic);
    }
  }

  private watchCost(input: Input, settings: GuardSettings, email: string): void {
    const subscribers = [{ subscriptionType: "EMAIL", address: email }];
    const notify = (notificationType: string, threshold: number) => ({
      notification: { comparisonOperator: "GREATER_THAN", notificationType, threshold, thresholdType: "PERCENTAGE" },
      subscribers,
    });
    new CfnBudget(this, "Budget", {
      budget: {
        budgetName: `spacedly-${input.stage}`,
        budgetType: "COST",
        timeUnit: "MONTHLY",
        budgetLimit: { amount: settings.monthlyBudget, unit: "USD" },
      },
      notificationsWithSubscribers: [notify("ACTUAL", 80), notify("FORECASTED", 100)],
    });
    const monitor = new CfnAnomalyMonitor(this, "CostMonitor", {
      monitorName: `spacedly-${input.stage}`,
      monitorType: "DIMENSIONAL",
      monitorDimension: "SERVICE",
    });
    new CfnAnomalySubscription(this, "CostAnomalies", {
      subscriptionName: `spacedly-${input.stage}`,
      frequency: "DAILY",
      monitorArnList: [monitor.attrMonitorArn],
      subscribers: [{ type: "EMAIL", address: email }],
      thresholdExpression: JSON.stringify({
        Dimensions: {
          Key: "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
          MatchOptions: ["GREATER_THAN_OR_EQUAL"],
          Values: [String(settings.anomaly)],
        },
      }),
    });
  }

  /** Asks for `/health` from several regions every 30 s. */
  private probe(domain: string, topic: Topic): void {
    const check = new CfnHealthCheck(this, "Health", {
      healthCheckConfig: {
        type: "HTTPS",
        fullyQualifiedDomainName: domain,
        resourcePath: "/health",
        port: 443,
        requestInterval: 30,
        failureThreshold: 3,
        enableSni: true,
      },
      healthCheckTags: [{ key: "Name", value: domain }],
    });
    const alarm = new Alarm(this, "HealthAlarm", {
      alarmDescription: `/health of ${domain} fails from outside`,
      metric: new Metric({
        namespace: "AWS/Route53",
        metricName: "HealthCheckStatus",
        dimensionsMap: { HealthCheckId: Fn.ref(this.getLogicalId(check)) },
        statistic: "Minimum",
        period: Duration.minutes(1),
      }),
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      threshold: 1,
      evaluationPeriods: 2,
      treatMissingData: TreatMissingData.BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(topic));
    alarm.addOkAction(new SnsAction(topic));
  }
}
