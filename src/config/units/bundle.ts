// A text with several units in it, as `systemctl cat` and `acceptd convert` print them: each below a comment with its name.
import { basename, dirname } from 'node:path';
import type { SourceText } from '../source.ts';
import type { Fragment } from './syntax.ts';
import { parseUnitName } from './unit-name.ts';
import type { UnitPiece } from './unit-set.ts';

/** Suffixes of units that acceptd reads. */
const isRead = (suffix: string): boolean => suffix === 'socket' || suffix === 'service';

/** What a path of a file says it is, by its name alone; undefined: no unit. */
export const readUnitPath = (
  path: string,
):
  | { readonly kind: 'unit'; readonly name: string }
  | { readonly kind: 'drop-in'; readonly of: string; readonly name: string }
  | undefined => {
  const name = basename(path);
  const parts = parseUnitName(name);
  if (parts !== undefined && isRead(parts.suffix)) return { kind: 'unit', name };
  const [, owner] = /^(.+)\.d$/.exec(basename(dirname(path))) ?? [];
  if (owner === undefined || !name.endsWith('.conf')) return undefined;
  const suffix = parseUnitName(owner)?.suffix ?? owner;
  return isRead(suffix) ? { kind: 'drop-in', of: owner, name } : undefined;
};

/** `# /etc/systemd/system/finger.socket`, `# --- finger.socket`, `# finger.socket.d/10-more.conf`. */
const header = /^# (?:--- )?(\S+)[ \t\r]*$/;

/** The first line of a text that is neither empty nor a comment. */
const isUnitLine = (line: string): boolean => /^\s*\[(?:Unit|Socket|Service|Install)\]\s*$/.test(line);

const namesUnit = (line: string): boolean => {
  const [, path] = header.exec(line) ?? [];
  return path !== undefined && readUnitPath(path) !== undefined;
};

/** Whether a text is one of units: by its first line that says something, or by the names of units above it. */
export const isUnits = (text: string): boolean => {
  let isNamed = false;
  for (const [line] of text.replace(/^\uFEFF/, '').matchAll(/[^\r\n]+/g)) {
    if (isUnitLine(line)) return true;
    isNamed ||= namesUnit(line);
    if (!/^\s*(?:[#;]|$)/.test(line) && !isNamed) return false;
  }
  return false;
};

/** A text without names has a socket, its service, or both, and is called as its file. */
const pieceWithoutNames = (whole: Fragment, file: string): readonly UnitPiece[] => {
  const { source, first, last } = whole;
  const lines = source.lines.slice(first, last);
  const has = (section: string): boolean => lines.some((line) => line.trim() === `[${section}]`);
  const stem = basename(file).replace(/\.[^.]*$/, '') || 'unit';
  const isAccepting = lines.some((line) => /^\s*Accept\s*=\s*(?:1|y|t|on)/i.test(line));
  const pieces: UnitPiece[] = [];
  if (has('Socket')) {
    pieces.push({ kind: 'unit', name: `${stem}.socket`, fragment: { ...whole, without: 'Service' } });
  }
  if (has('Service')) {
    const name = `${stem}${isAccepting ? '@' : ''}.service`;
    pieces.push({ kind: 'unit', name, fragment: { ...whole, without: 'Socket' } });
  }
  return pieces;
};

/** The units of a text, each a stretch of its lines. */
export const readBundle = (source: SourceText): readonly UnitPiece[] => {
  const starts = source.lines.flatMap((line, index) => {
    const [, path] = header.exec(line) ?? [];
    const unit = path === undefined ? undefined : readUnitPath(path);
    return unit === undefined ? [] : [{ unit, index }];
  });
  if (starts.length === 0) {
    return pieceWithoutNames({ source, first: 0, last: source.lines.length }, source.file);
  }
  return starts.map(({ unit, index }, number): UnitPiece => {
    const last = starts[number + 1]?.index ?? source.lines.length;
    return { ...unit, fragment: { source, first: index, last } };
  });
};
