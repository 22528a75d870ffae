// Tells xinetd.conf from inetd.conf by what is written in a file.

const keyword = /^(?:service|defaults|include|includedir)$/i;

const wordsOf = (line: string): readonly string[] =>
  line
    .trim()
    .split(/[ \t]+/)
    .filter((word) => word !== '');

/** An entry's brace may be on its own line; `service on` may begin a definition of a service of that name. */
const begins = (first: readonly string[], second: readonly string[]): boolean => {
  const [head = '', ...others] = first;
  if (!keyword.test(head)) return false;
  const isOpened = others.at(-1)?.endsWith('{') === true || second[0]?.startsWith('{') === true;
  switch (head.toLowerCase()) {
    case 'defaults':
      return others.length === 0 || isOpened;
    case 'service':
      return isOpened || (others.length === 1 && !/^(?:on|off)$/.test(others[0] ?? ''));
    default:
      return others.length === 1;
  }
};

/** An entry with its brace anywhere in the text, for files that begin with a mistake. */
const someEntry = /^[ \t]*(?:service[ \t]+[^\s{]+|defaults)[ \t\r]*\n?[ \t]*\{/im;

/** Whether a text is one of xinetd's: by its first line that says something. */
export const isXinetd = (text: string): boolean => {
  const significant: (readonly string[])[] = [];
  for (const [line] of text.replace(/^\uFEFF/, '').matchAll(/[^\r\n]+/g)) {
    const words = wordsOf(line);
    if (words[0] === undefined || words[0].startsWith('#')) continue;
    significant.push(words.slice(0, 8));
    if (significant.length === 2) break;
  }
  const [first = [], second = []] = significant;
  return begins(first, second) || someEntry.test(text);
};
