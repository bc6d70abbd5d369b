// The flags of what is told to the outside.
import { FlagValueError, type Flag } from '../../process/flags.ts';
import { textFlag } from '../../process/flag-kinds.ts';

const urlFlag = (help: string): Flag<URL | undefined> => ({
  help,
  placeholder: 'URL',
  fallback: undefined,
  parse: (text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.hash === '') return url;
    throw new FlagValueError(
      'must be an http or https URL without user or fragment, such as https://sink.example.com/events',
    );
  },
});

export const sinkFlags = {
  sinkUrl: urlFlag(
    'Where each transition of a finding, and the digest of each snapshot, is posted as a CloudEvent. Left out: nowhere.',
  ),
  sinkSecret: textFlag(
    'Secret in our namespace with signing-key (one or more lines, each a key by which requests are signed), and optionally authorization, alertmanager-authorization (values of that header) and ca.crt. Left out: requests are not signed.',
    'NAME',
  ),
  alertmanagerUrl: urlFlag(
    'An Alertmanager, without /api/v2: findings that are neither resolved nor accepted are alerts there. Left out: none.',
  ),
};
