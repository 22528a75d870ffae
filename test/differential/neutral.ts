// What clients were told, without what differs from run to run: inodes, pids, the time of day.
import type { ServiceResult, TrialService } from './trial.ts';

/**
 * A report of test/handlers/report.c: which descriptors are one, whether the handler leads its session. The order of
 * variables means nothing: each name is there once.
 */
const neutralReport = (text: string): string => {
  const inodes: string[] = [];
  const pid = /^pid (\d+)$/m.exec(text)?.[1];
  // the pidfd is another for each process
  const lines = text.split('\n').filter((line) => !line.startsWith('pidfd '));
  const variables = lines.filter((line) => line.startsWith('environment ')).toSorted();
  return [...lines.filter((line) => !line.startsWith('environment ')), ...variables]
    .map((line) => {
      const [name = '', ...values] = line.split(' ');
      if (name === 'descriptor') {
        const inode = values.at(-1) ?? '';
        if (!inodes.includes(inode)) inodes.push(inode);
        return ['descriptor', ...values.slice(0, -1), `inode-${inodes.indexOf(inode)}`].join(' ');
      }
      if (['pid', 'session', 'group-leader'].includes(name))
        return `${name} ${values[0] === pid ? 'its own' : 'of another'}`;
      if (name === 'target') return line.replace(/:\[\d+\]$/, '');
      // how many signals wait for the same user anywhere on this machine
      return name === 'SigQ' ? 'SigQ' : line;
    })
    .join('\n');
};

const neutralOutcome = (service: TrialService, outcome: string): string => {
  if (outcome.includes('\ngroup-leader ')) return neutralReport(outcome.replace('said: ', ''));
  // the pid of test/handlers/attend.c
  if (service.kind === 'limits') return outcome.replace(/^said: \d+ /, 'said: PID ');
  if (service.kind.startsWith('internal daytime'))
    return outcome.replace(/\d\d [A-Z]{3} \d{4} \d\d:\d\d:\d\d UTC/, 'DATE');
  if (service.kind.startsWith('internal time'))
    return outcome.startsWith('said: ') ? `said ${outcome.length - 6} bytes` : outcome;
  return outcome;
};

export const neutralResult = (service: TrialService, { outcomes, lines }: ServiceResult): ServiceResult => ({
  outcomes: outcomes.map((outcome) => neutralOutcome(service, outcome)),
  lines,
});
