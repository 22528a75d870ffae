// The service field: `finger`, `127.0.0.1,[::1]:79`, `rusersd/2-3`, `tcpmux/+date`, `:user:group:0600:/run/x.sock`.
import { parseCount } from '../../model/quantity.ts';
import type { MuxName, RpcProgram } from '../../model/service.ts';
import { partOfToken, type Report, type Token } from '../source.ts';
import type { Meaning } from './dialect.ts';

export type HostedName = {
  /** The addresses as written before the last colon; undefined where none is. */
  readonly hosts: readonly Token[] | undefined;
  readonly name: Token;
};

/** Splits a list of addresses at its commas and takes the brackets off IPv6 ones. */
export const splitHosts = (token: Token, report: Report): readonly Token[] => {
  const hosts: Token[] = [];
  let index = 0;
  for (const piece of token.text.split(',')) {
    const part = partOfToken(token, index, index + piece.length);
    index += piece.length + 1;
    const bracketed = /^\[(.*)\]$/.exec(piece)?.[1];
    if ((bracketed ?? piece) === '') {
      report.error(part, 'an address is empty here', 'write one, or * for all');
    } else if (/[[\]/\s]/.test(bracketed ?? piece)) {
      report.error(part, `'${piece}' is no address`, 'write a number, a host name or *');
    } else {
      hosts.push({ ...part, text: bracketed ?? piece });
    }
  }
  return hosts;
};

/** Splits at the last colon, which is not part of an IPv6 address in brackets. */
export const readHostedName = (token: Token, meaning: Meaning, report: Report): HostedName | undefined => {
  const colon = token.text.lastIndexOf(':');
  if (colon === -1) return { hosts: undefined, name: token };
  const name = partOfToken(token, colon + 1);
  const before = partOfToken(token, 0, colon);
  if (name.text === '') {
    return report.error(token, `'${token.text}' names no service`, 'write ADDRESS:SERVICE');
  }
  if (!meaning.hasHosts) {
    return report.error(
      before,
      `${meaning.dialect} has no addresses here`,
      'use the option -a, or .dialect acceptd',
    );
  }
  if (before.text === '') {
    if (meaning.hasEmptyHost) return { hosts: [{ ...before, text: '*' }], name };
    return report.error(token, 'the address before the colon is empty', 'write * for all addresses');
  }
  const errors = report.errorCount();
  const hosts = splitHosts(before, report);
  return report.errorCount() === errors ? { hosts, name } : undefined;
};

/** `NAME/VERSION` or `NAME/LOW-HIGH`. */
export const readRpcProgram = (name: Token, meaning: Meaning, report: Report): RpcProgram | undefined => {
  const [program = '', versions, ...others] = name.text.split('/');
  if (program === '' || others.length > 0) {
    return report.error(name, `'${name.text}' names no rpc program`, 'write NAME/VERSION or NAME/LOW-HIGH');
  }
  if (versions === undefined) {
    if (meaning.rpcVersion !== undefined) {
      return { program, lowVersion: meaning.rpcVersion, highVersion: meaning.rpcVersion };
    }
    return report.error(name, 'the rpc version is missing', `write ${program}/VERSION`);
  }
  const place = partOfToken(name, program.length + 1);
  const [low, high, ...rest] = versions.split('-').map(parseCount);
  const last = versions.includes('-') ? high : low;
  if (low === undefined || last === undefined || rest.length > 0 || low > 0xffffffff || last > 0xffffffff) {
    return report.error(place, `'${versions}' is no rpc version`, 'write VERSION or LOW-HIGH');
  }
  if (low > last) {
    return report.error(place, `the versions ${versions} count down`, `write ${last}-${low}`);
  }
  return { program, lowVersion: low, highVersion: last };
};

/** What stands after `tcpmux/`; undefined for a name that is no member of tcpmux. */
export const muxNameOf = (name: string): MuxName | undefined => {
  const match = /^tcpmux\/(\+?)([^+].*)$/.exec(name);
  return match === null ? undefined : { name: match[2] ?? '', saysGo: match[1] === '+' };
};

/** Whether a port number or a name that services(5) may know. */
export const checkPort = (port: Token, report: Report): boolean => {
  if (port.text === '') {
    report.error(port, 'the name of the service is empty', 'write a name or a port');
    return false;
  }
  if (/^[0-9]+$/.test(port.text)) {
    const value = Number(port.text);
    if (value >= 1 && value <= 65535) return true;
    report.error(port, `there is no port ${port.text}`, 'ports are 1 to 65535');
    return false;
  }
  if (port.text.includes('/')) {
    const advice = port.text.startsWith('/')
      ? 'a path needs the protocol unix'
      : 'only rpc/tcp, rpc/udp and tcpmux services have a slash';
    report.error(port, `'${port.text}' is no service name`, advice);
    return false;
  }
  return true;
};

/** An octal number up to 7777. */
export const readMode = (token: Token, report: Report): number | undefined =>
  /^[0-7]{1,5}$/.test(token.text) && Number.parseInt(token.text, 8) <= 0o7777
    ? Number.parseInt(token.text, 8)
    : report.error(token, `'${token.text}' is no octal number up to 7777`, 'write one as 0660');
