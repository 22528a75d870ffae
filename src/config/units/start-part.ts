// What is started: all of it now where it is known when the unit is read, otherwise the rest at each start.
import { namesInWords, replaceVariables } from '../../model/command-words.ts';
import type { CommandLine, StartTexts } from '../../model/daemon.ts';
import type { Variables } from './environment.ts';

export type Start = {
  readonly file: string;
  readonly arguments: readonly string[];
  readonly startTexts: StartTexts | undefined;
};

const hasMark = (text: string): boolean => text.includes('\0');

/** Variables that are another for each connection, or each start. */
const dynamicNames =
  /^(?:REMOTE_|TCP(?:REMOTE|LOCAL)|UDP(?:REMOTE|LOCAL)|IPCREMOTE|SO_COOKIE$|INVOCATION_ID$|SYSTEMD_EXEC_PID$|LISTEN_|PROTO$)/;

/** A value that is set here and by no file that is read later; others are only known at the start. */
const knownValue =
  ({ environment, environmentFiles }: Variables) =>
  (name: string): string | undefined => {
    const value = environment.find((each) => each.name === name)?.value;
    return environmentFiles.length > 0 || value === undefined || hasMark(value) ? undefined : value;
  };

/** `texts`: all others of the service in which an instance may have left its mark. */
export const readStart = (command: CommandLine, variables: Variables, texts: readonly string[]): Start => {
  const { environment, environmentFiles, unsetVariables } = variables;
  const lookUp = knownValue(variables);
  const names = command.expandsVariables ? namesInWords(command.arguments) : [];
  const words = [command.file, ...command.arguments];
  const isPerInstance =
    [
      ...words,
      ...environment.map(({ value }) => value),
      ...environmentFiles.map(({ path }) => path),
      ...texts,
    ].some(hasMark) || names.some((name) => dynamicNames.test(name) && lookUp(name) === undefined);
  const isKnown =
    !isPerInstance &&
    names.every((name) => lookUp(name) !== undefined) &&
    environmentFiles.length === 0 &&
    unsetVariables.length === 0 &&
    command.rights === 'service';
  if (!isKnown) {
    return {
      file: command.file,
      arguments: command.arguments,
      startTexts: { command, environmentFiles, unsetVariables, isPerInstance },
    };
  }
  return {
    file: command.file,
    arguments: command.expandsVariables ? replaceVariables(command.arguments, lookUp) : command.arguments,
    startTexts: undefined,
  };
};
