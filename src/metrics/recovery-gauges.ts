/** A figure of now under the name that a metrics endpoint gives it; units last, in base units. */
export interface Gauge {
  readonly name: string;
  readonly value: number;
}

export interface RecoveryTimes {
  readonly predictedMs: number;
  readonly lastMs: number;
}

/** How long recovery would take if the process were killed now, and how long it took at this open. */
export function recoveryGauges({ predictedMs, lastMs }: RecoveryTimes): readonly Gauge[] {
  return [
    { name: 'recovery_seconds_predicted', value: predictedMs / 1000 },
    { name: 'recovery_seconds_last', value: lastMs / 1000 },
  ];
}
