/** What the guard stack of a stage watches and keeps. Account, region and parameters are in samconfig.toml. */
export interface GuardSettings {
  /** US dollars a month. A mail is sent at 80 % of it, and when the forecast exceeds it. */
  readonly monthlyBudget: number;
  /** US dollars of one day's unusual cost, from which on a mail is sent. */
  readonly anomaly: number;
  /** Days that daily backups of the table are kept. Point-in-time recovery covers the last 35 days. */
  readonly backupDays: number;
  /** A vault in another account or region that gets a copy of each backup. */
  readonly copyTo?: string;
}

/** Every stage of samconfig.toml has its settings: another name is an error. */
export const GUARDS: Readonly<Record<string, GuardSettings>> = {
  dev: { monthlyBudget: 20, anomaly: 5, backupDays: 7 },
  staging: { monthlyBudget: 20, anomaly: 5, backupDays: 7 },
  production: { monthlyBudget: 200, anomaly: 20, backupDays: 365 },
};

export function guardOf(stage: string): GuardSettings {
  const settings = GUARDS[stage];
  if (!settings) {
    throw new Error(`lib/stages.ts has no settings for the stage ${stage}`);
  }
  return settings;
}
