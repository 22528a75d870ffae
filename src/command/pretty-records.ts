// Records of the log as people read them; what it takes is loaded only when somebody is there.

/** Gives a record, one line of JSON, as a readable line with its end. */
export const prettyRecords = async (isColored: boolean): Promise<(record: string) => string> => {
  const { default: pretty } = await import('pino-pretty');
  return pretty.prettyFactory({
    colorize: isColored,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'event,service,pid,peer,status,duration,userTime,systemTime,peakKibibytes,address,failure',
    singleLine: true,
  });
};
