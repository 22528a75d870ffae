// %-expansions: what is known of a connection, put into commands and banners so that no shell takes it for more.
import type { ExpansionLetter, Template } from '../model/wrapper-rules.ts';
import type { WrapperQuestion } from './wrapper-facts.ts';
import type { End } from './wrapper-match.ts';

/** Texts as they are, not in lower case. */
export type Shown = {
  readonly daemon: string;
  /** Of acceptd itself: nobody else is there yet. */
  readonly pid: number;
  readonly client: End;
  readonly server: End;
  /** A question where nobody has asked yet. */
  readonly user: string | WrapperQuestion;
};

/** A name where one is known already, for nobody asks just to show it; else the address. */
const hostOf = ({ name, address }: End): string =>
  typeof name === 'string' && name !== 'unknown' && name !== 'paranoid' ? name : address;

const expand = (letter: ExpansionLetter, shown: Shown): string | WrapperQuestion => {
  const { daemon, client, server, user } = shown;
  switch (letter) {
    case 'a':
      return client.address;
    case 'A':
      return server.address;
    case 'c':
      return typeof user === 'string' && user !== 'unknown' ? `${user}@${hostOf(client)}` : hostOf(client);
    case 'd':
      return daemon;
    case 'h':
      return hostOf(client);
    case 'H':
      return hostOf(server);
    case 'n':
      return client.name;
    case 'N':
      return server.name;
    case 'p':
      return String(shown.pid);
    case 'r':
      return String(client.port);
    case 'R':
      return String(server.port);
    case 's':
      return hostOf(server) === 'unknown' ? daemon : `${daemon}@${hostOf(server)}`;
    case 'u':
      return user;
  }
};

/** All that a shell could take for something of its own becomes an underscore. */
const clean = (text: string): string => text.replace(/[^0-9A-Za-z!@%\-_=+:,./]/g, '_');

/** The text, or what has to be asked before it is one. */
export const expandTemplate = (template: Template, shown: Shown): string | WrapperQuestion => {
  let text = '';
  for (const part of template) {
    const found = typeof part === 'string' ? part : expand(part.letter, shown);
    if (typeof found !== 'string') return found;
    text += typeof part === 'string' ? found : clean(found);
  }
  return text;
};
