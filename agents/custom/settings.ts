// spec.custom as it is written: which metric and label carries what. The API server has checked it; what is odd all the same is left out.
import { object, textOrNone } from '../read.ts';

export interface CustomSettings {
  readonly version?: { readonly metric: string; readonly label: string };
  readonly policies?: {
    readonly metric: string;
    readonly nameLabel: string;
    readonly versionLabel: string | undefined;
    readonly statusLabel: string | undefined;
    readonly sourceLabel: string | undefined;
  };
  readonly rules?: {
    readonly metric: string;
    readonly nameLabel: string;
    readonly policyLabel: string | undefined;
    readonly statusLabel: string | undefined;
  };
  readonly drops?: { readonly metric: string; readonly totalMetric: string | undefined };
}

export const readSettings = (written: unknown): CustomSettings => {
  const [version, policies, rules, drops] = ['version', 'policies', 'rules', 'drops'].map((key) =>
    object(object(written)[key]),
  );
  const [versionMetric, policyMetric, ruleMetric, dropMetric] = [version, policies, rules, drops].map((part) =>
    textOrNone(part?.metric),
  );
  return {
    ...(versionMetric === undefined
      ? {}
      : { version: { metric: versionMetric, label: textOrNone(version?.label) ?? 'version' } }),
    ...(policyMetric === undefined
      ? {}
      : {
          policies: {
            metric: policyMetric,
            nameLabel: textOrNone(policies?.nameLabel) ?? 'policy',
            versionLabel: textOrNone(policies?.versionLabel),
            statusLabel: textOrNone(policies?.statusLabel),
            sourceLabel: textOrNone(policies?.sourceLabel),
          },
        }),
    ...(ruleMetric === undefined
      ? {}
      : {
          rules: {
            metric: ruleMetric,
            nameLabel: textOrNone(rules?.nameLabel) ?? 'rule',
            policyLabel: textOrNone(rules?.policyLabel),
            statusLabel: textOrNone(rules?.statusLabel),
          },
        }),
    ...(dropMetric === undefined ? {} : { drops: { metric: dropMetric, totalMetric: textOrNone(drops?.totalMetric) } }),
  };
};
