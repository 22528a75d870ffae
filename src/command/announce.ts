// What a person who starts acceptd at a terminal wants to know: where it listens, and a line to try for each.
import { type ListenAddress, showAddress } from '../model/address.ts';
import type { ResolvedService } from '../model/service.ts';

/** A client for the address; a datagram client must say something, or nobody hears of it. */
const netcatFor = (address: ListenAddress): string => {
  if (address.kind === 'unix') return `nc -N -U ${address.path}`;
  if (address.kind === 'fifo') return `cat >${address.path}`;
  // from a virtual machine; the host's CID is 2
  if (address.kind === 'vsock') return `socat - VSOCK-CONNECT:${address.cid ?? 2}:${address.port}`;
  const host = address.host === '0.0.0.0' ? '127.0.0.1' : address.host === '::' ? '::1' : address.host;
  return address.socketType === 'dgram'
    ? `nc -u -w1 ${host} ${address.port}`
    : `nc -N ${host} ${address.port}`;
};

/** What to say to a service; undefined where it speaks first. */
const greeting = (name: string, address: ListenAddress): string | undefined => {
  if (/^(?:echo|discard)$/.test(name)) return 'echo hello';
  if (/finger/.test(name)) return 'echo root';
  if (name === 'ident') return "echo '1, 2'";
  if (name === 'tcpmux') return "printf 'help\\r\\n'";
  return address.socketType === 'dgram' ? 'echo' : undefined;
};

const nameOf = (answer: ResolvedService['answer']): string => {
  switch (answer.kind) {
    case 'builtin':
      return answer.builtin;
    case 'program':
      return answer.file.slice(answer.file.lastIndexOf('/') + 1);
    case 'relay':
    case 'sensor':
      return answer.kind;
  }
};

const tryLine = ({ answer }: ResolvedService, address: ListenAddress): string => {
  const name = nameOf(answer);
  if (/http/.test(name) && address.kind === 'internet') return `curl http://${showAddress(address)}/`;
  const said = greeting(name, address);
  const line = said === undefined ? `${netcatFor(address)} </dev/null` : `${said} | ${netcatFor(address)}`;
  if (name === 'time') return `${line} | od -An -tx1`;
  return name === 'chargen' ? `${line} | head -3` : line;
};

/** One line for each listener. */
export const announce = (services: readonly ResolvedService[]): string => {
  const rows = services.flatMap((service) =>
    service.addresses.map(
      (address) => [service.id, showAddress(address), tryLine(service, address)] as const,
    ),
  );
  const width = (column: 0 | 1): number => Math.max(0, ...rows.map((row) => row[column].length));
  const lines = rows.map(
    ([id, address, line]) => `  ${id.padEnd(width(0))}  ${address.padEnd(width(1))}  try: ${line}\n`,
  );
  return `acceptd listens on:\n${lines.join('')}Ctrl-C stops it.\n`;
};
