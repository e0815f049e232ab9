/** A profile as a file of JSON: to be compared with a later one. Frames and strings stand in it once. */
import * as v from 'valibot';
import { StemeError } from '../base/errors.js';
import { type Frame, frameLabel } from './frame.js';
import { PROFILE_KINDS, type StackProfile } from './stack-profile.js';

const FORMAT = 'stemedb-profile-1';

const ORIGINS = ['engine', 'program', 'package', 'node', 'native', 'kernel', 'collector', 'waiting'] as const;
const weight = v.pipe(v.number(), v.finite(), v.minValue(0));
const index = v.pipe(v.number(), v.integer(), v.minValue(0));

const SavedProfileSchema = v.object({
  format: v.literal(FORMAT),
  kind: v.picklist(PROFILE_KINDS),
  unit: v.picklist(['us', 'bytes']),
  source: v.string(),
  title: v.string(),
  operations: v.optional(weight),
  frames: v.array(v.object({ name: v.string(), origin: v.picklist(ORIGINS), file: v.string(), line: index })),
  threads: v.array(
    v.object({
      name: v.string(),
      waitingWeight: weight,
      stacks: v.array(v.object({ weight, frames: v.array(index) })),
    }),
  ),
});

export type SavedProfile = v.InferOutput<typeof SavedProfileSchema>;

export function encodeProfile(profile: StackProfile): SavedProfile {
  const frames: Frame[] = [];
  const indexOfFrame = new Map<string, number>();
  const indexOf = (frame: Frame): number => {
    const key = `${frame.origin} ${frameLabel(frame)}`;
    const known = indexOfFrame.get(key);
    if (known !== undefined) return known;
    indexOfFrame.set(key, frames.length);
    return frames.push(frame) - 1;
  };
  const threads = profile.threads.map(({ name, waitingWeight, stacks }) => ({
    name,
    waitingWeight,
    stacks: stacks.map((stack) => ({ weight: stack.weight, frames: stack.frames.map(indexOf) })),
  }));
  const { kind, unit, source, title, operations } = profile;
  return { format: FORMAT, kind, unit, source, title, operations, frames, threads };
}

/** Errors: STEME_INVALID_OPTION for a text that is no saved profile; `name` says which in the message. */
export function decodeProfile(text: string, name: string): StackProfile {
  const parsed = v.safeParse(SavedProfileSchema, parseJson(text));
  if (!parsed.success) throw noProfile(name, parsed.issues[0].message);
  const { format: _format, frames, threads, ...rest } = parsed.output;
  return {
    ...rest,
    threads: threads.map(({ stacks, ...thread }) => ({
      ...thread,
      stacks: stacks.map((stack) => ({
        weight: stack.weight,
        frames: stack.frames.map((at) => frameAt(frames, at, name)),
      })),
    })),
  };
}

function frameAt(frames: readonly Frame[], at: number, name: string): Frame {
  const frame = frames[at];
  if (frame === undefined) throw noProfile(name, `a stack names frame ${at} of ${frames.length}`);
  return frame;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function noProfile(name: string, reason: string): StemeError {
  return new StemeError('STEME_INVALID_OPTION', `${name} is not a saved profile of stemedb: ${reason}`);
}
