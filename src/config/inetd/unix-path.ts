// The path of a unix socket, with FreeBSD's owner before it, as each dialect takes it.
import { partOfToken, type Report, type Token } from '../source.ts';
import type { Meaning } from './dialect.ts';
import { readMode } from './name.ts';

export type UnixPath = {
  /** As the model has it: an abstract name begins with `@`. */
  readonly path: string;
  readonly owner: Token | undefined;
  readonly group: Token | undefined;
  readonly mode: number;
};

/** sun_path has 108 bytes: a path needs one for its end, an abstract name one in front in place of the `@`. */
const pathBytes = 107;
const nameBytes = 108;

/** Checks a path or `@name`. */
export const checkUnixPath = (token: Token, meaning: Meaning, report: Report): string | undefined => {
  const isAbstract = meaning.hasAbstractNames && token.text.startsWith('@');
  const size = Buffer.byteLength(token.text);
  if (token.text === '' || token.text === '@') {
    return report.error(token, 'the path of the socket is empty', 'write an absolute path');
  }
  if (size > (isAbstract ? nameBytes : pathBytes)) {
    return report.error(
      token,
      `the path has ${size} bytes; the kernel takes ${isAbstract ? nameBytes : pathBytes}`,
      'choose a shorter one',
    );
  }
  if (isAbstract || token.text.startsWith('/')) return token.text;
  if (meaning.dialect === 'acceptd' || meaning.dialect === 'freebsd') {
    return report.error(
      token,
      `'${token.text}' is no absolute path`,
      meaning.hasAbstractNames ? 'write one that begins with /, or @NAME' : 'write one that begins with /',
    );
  }
  report.warn(token, `'${token.text}' is relative to acceptd's working directory`, 'write an absolute path');
  return token.text.startsWith('@') ? `./${token.text}` : token.text;
};

/** Reads the service field of a unix entry. */
export const readUnixPath = (token: Token, meaning: Meaning, report: Report): UnixPath | undefined => {
  const owned = /^:([^:]*):([^:]*):([^:]*):(.*)$/s.exec(token.text);
  if (owned === null || !meaning.hasUnixOwner) {
    const path = checkUnixPath(token, meaning, report);
    return path === undefined
      ? undefined
      : { path, owner: undefined, group: undefined, mode: meaning.unixMode };
  }
  const [, user = '', group = '', mode = ''] = owned;
  const errors = report.errorCount();
  const groupAt = 2 + user.length;
  const modeAt = groupAt + group.length + 1;
  const modeToken = partOfToken(token, modeAt, modeAt + mode.length);
  const bits = mode === '' ? meaning.unixMode : readMode(modeToken, report);
  const path = checkUnixPath(partOfToken(token, modeAt + mode.length + 1), meaning, report);
  if (report.errorCount() !== errors || bits === undefined || path === undefined) return undefined;
  return {
    path,
    owner: user === '' ? undefined : partOfToken(token, 1, 1 + user.length),
    group: group === '' ? undefined : partOfToken(token, groupAt, groupAt + group.length),
    mode: bits,
  };
};
