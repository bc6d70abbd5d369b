// What policies ask for that files cannot tell: said, since the verdict leaves it aside.
import type { World } from './world.ts';

export const untold = ({ policies }: World): readonly string[] =>
  policies.flatMap(({ name, require }) => {
    const asked = [
      ...(require.evidence === 'Running' ? [] : [`the evidence ${require.evidence}`]),
      ...(require.policies.length === 0
        ? []
        : [`detection policies (${require.policies.map((each) => each.name).join(', ')})`]),
      ...(require.mitre.length === 0 ? [] : ['parts of MITRE ATT&CK']),
    ];
    return asked.length === 0
      ? []
      : [
          `WorkloadPolicy ${name} also requires ${asked.join(' and ')}, which only running agents can prove: left aside`,
        ];
  });
