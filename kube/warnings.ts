// Warning headers of the API server (RFC 7234, section 5.5): `299 - "text"`, one after the other with commas between, or each on a line of its own.

/** The texts, unquoted. What is no warning of that form is left out. */
export const warningsIn = (header: string | readonly string[] | undefined): readonly string[] =>
  [header ?? []].flat().flatMap((line) => {
    const found: string[] = [];
    for (const [, quoted = ''] of line.matchAll(warning)) found.push(quoted.replaceAll(/\\(.)/g, '$1'));
    return found;
  });

/** 299 says that it has no other meaning than its text; the agent is "-" from the API server. A date may follow. */
const warning = /(?:^|,)\s*299 [^\s"]+ "((?:[^"\\]|\\.)*)"/g;
