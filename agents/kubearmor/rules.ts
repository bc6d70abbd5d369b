// The rules inside a KubeArmor policy. They have no names of their own: each is called by what it matches, `process /usr/bin/apt`.
import type { RuleFacts } from '../../domain/telemetry/types.ts';
import { attackIdsInTags, joinAttackIds, type AttackIds } from '../attack-ids.ts';
import { list, object, textOrNone, texts, type Raw } from '../read.ts';

/** Sections of the spec, the lists in each, and the field of an item that says what it matches. */
const sections: readonly { readonly section: string; readonly lists: Readonly<Record<string, string>> }[] = [
  { section: 'process', lists: { matchPaths: 'path', matchDirectories: 'dir', matchPatterns: 'pattern' } },
  { section: 'file', lists: { matchPaths: 'path', matchDirectories: 'dir', matchPatterns: 'pattern' } },
  { section: 'network', lists: { matchProtocols: 'protocol' } },
  { section: 'capabilities', lists: { matchCapabilities: 'capability' } },
  { section: 'syscalls', lists: { matchSyscalls: 'syscall', matchPaths: 'path' } },
];

/** Tags of the policy, of the section and of the item add up; what is tagged further out holds for all within. */
export const readRules = (spec: Raw, annotated: AttackIds, isOff: boolean): readonly RuleFacts[] => {
  const everywhere = joinAttackIds(annotated, attackIdsInTags(texts(spec.tags)));
  const rules = new Map<string, AttackIds>();
  for (const { section, lists } of sections) {
    const { tags, ...within } = object(spec[section]);
    const here = joinAttackIds(everywhere, attackIdsInTags(texts(tags)));
    for (const [key, field] of Object.entries(lists)) {
      for (const item of list(within[key])) {
        const written = object(item);
        const matched = textOrNone(written[field]) ?? texts(written[field]).join(',');
        if (matched === '') continue;
        const name = `${section} ${matched}`;
        rules.set(name, joinAttackIds(here, attackIdsInTags(texts(written.tags)), rules.get(name) ?? here));
      }
    }
  }
  for (const preset of list(spec.presets)) {
    const { name, tags } = object(preset);
    if (textOrNone(name) !== undefined)
      rules.set(`preset ${textOrNone(name)}`, joinAttackIds(everywhere, attackIdsInTags(texts(tags))));
  }
  return [...rules].map(([name, ids]) => ({ name, status: isOff ? 'Disabled' : 'Loaded', ...ids }));
};
