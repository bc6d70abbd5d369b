// What one event of a finding saw, in a line for people: the program with its arguments, and what it touched.
import type { EventStanding } from './finding-object.ts';

export const whatOf = (event: EventStanding): string => {
  const { executable, file, destination, message } = event;
  const touched = [file === executable ? undefined : file, destination];
  return [commandIn(event), ...touched].filter((part) => part !== undefined).join(' ') || (message ?? '');
};

/** Agents give the arguments as they were typed, and the file apart: `x` may be `/tmp/x`, and `gcc` a link to something else. */
const commandIn = ({ arguments: given, executable }: EventStanding): string | undefined => {
  if (given === undefined || executable === undefined) return given ?? executable;
  const [typed = ''] = given.split(' ', 1);
  if (typed === executable) return given;
  return nameIn(typed) === nameIn(executable)
    ? `${executable}${given.slice(typed.length)}`
    : `${given} (${executable})`;
};

const nameIn = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
