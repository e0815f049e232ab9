/** What the lives that are ended can be about. */
import { CrashCycles } from './crash-cycle.js';
import { SABOTAGE_FINDING } from './crash-protocol.js';
import { CrashTotals } from './crash-totals.js';
import { QuarantineCycles } from './quarantine-cycle.js';
import { QUARANTINE_SABOTAGE_FINDING } from './quarantine-protocol.js';
import { QuarantineTotals } from './quarantine-totals.js';

export interface ChainSetting {
  readonly directory: string;
  readonly seed: number;
  /** One of those of the focus. */
  readonly sabotage?: string;
}

export interface FocusTotals {
  readonly problems: string[];
  readonly cycles: number;
  readonly acknowledged: number;
  /** By kind, how many. */
  readonly findings: Readonly<Record<string, number>>;
  shownFindings(): string;
  killTable(): string;
  summary(elapsedMs: number): string;
}

interface FocusCycles {
  /** What comes of it goes to the totals, under that name. */
  run(cycle: number, name: string): Promise<void>;
  stop(): Promise<void>;
}

/** Any number of databases, and what they come to. */
interface FocusRun {
  readonly totals: FocusTotals;
  start(setting: ChainSetting): Promise<FocusCycles>;
}

interface Focus {
  /** Ways to break the laws, and what each has to be called. */
  readonly findingOf: Readonly<Record<string, string>>;
  begin(): FocusRun;
}

interface FocusParts<Sabotage extends string, Result> {
  readonly findingOf: Readonly<Record<Sabotage, string>>;
  readonly totals: () => FocusTotals & { add(name: string, result: Result): void };
  readonly start: (
    setting: Omit<ChainSetting, 'sabotage'> & { readonly sabotage?: Sabotage },
  ) => Promise<{ run(cycle: number): Promise<Result>; stop(): Promise<void> }>;
}

function focusOf<Sabotage extends string, Result>(parts: FocusParts<Sabotage, Result>): Focus {
  const isSabotage = (name: string | undefined): name is Sabotage => name !== undefined && name in parts.findingOf;
  const begin = (): FocusRun => {
    const totals = parts.totals();
    const start: FocusRun['start'] = async ({ sabotage, ...setting }) => {
      const cycles = await parts.start(isSabotage(sabotage) ? { ...setting, sabotage } : setting);
      return {
        run: async (cycle, name) => totals.add(name, await cycles.run(cycle)),
        stop: () => cycles.stop(),
      };
    };
    return { totals, start };
  };
  return { findingOf: parts.findingOf, begin };
}

export const FOCUSES = {
  store: focusOf({
    findingOf: SABOTAGE_FINDING,
    totals: () => new CrashTotals(),
    start: (setting) => CrashCycles.start(setting),
  }),
  quarantine: focusOf({
    findingOf: QUARANTINE_SABOTAGE_FINDING,
    totals: () => new QuarantineTotals(),
    start: async (setting) => new QuarantineCycles(setting),
  }),
} as const satisfies Record<string, Focus>;
type FocusName = keyof typeof FOCUSES;

export function isFocusName(name: string): name is FocusName {
  return name in FOCUSES;
}
