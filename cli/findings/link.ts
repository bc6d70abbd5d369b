// `findings link NAME URL`: a ticket, a pull request, a runbook.
import { UsageError } from '../verb.ts';
import { append, caseVerb } from './case-verb.ts';

export const linkVerb = caseVerb({
  name: 'link',
  summary: 'Links a ticket, a pull request or a runbook.',
  about: 'Adds a link to the case.',
  word: 'URL',
  flags: { title: { placeholder: 'TEXT', help: 'What it is.' } },
  examples: [
    "kubectl protection findings link shop/compiler-in-container-checkout-1a2b3c4d https://tracker.example.com/PAY-421 --title 'two-stage build'",
  ],
  prepare: ({ text }, url) => {
    if (!/^https?:\/\/\S+$/.test(url)) throw new UsageError(`"${url}" must begin with http:// or https://`);
    const title = text('title');
    return async (source, place) => {
      const { links = [] } = (await source.get(place)).spec.case;
      if (links.some((link) => link.url === url && (title === undefined || link.title === title))) {
        return `${url} is linked already`;
      }
      await append(source, place, 'links', { ...(title === undefined ? {} : { title }), url });
      return `linked ${url}`;
    };
  },
});
