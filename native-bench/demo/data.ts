import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Prng } from '../../src/base/prng.js';

export interface DemoRecord {
  readonly key: string;
  /** JSON. */
  readonly value: string;
}

export const DEMO_BATCH_RECORDS = 500;

const DEVICE_COUNT = 2000;
const DEVICE_KINDS = ['pump', 'fan', 'meter', 'boiler'];
const METRICS = ['temperature_c', 'pressure_kpa', 'power_w', 'vibration_mm_s'];
const FIRMWARES = ['4.2.1', '4.2.3', '4.3.0'];
const TELEMETRY_START_MS = Date.UTC(2026, 0, 1);
const TELEMETRY_STEP_MS = 10;

interface Earthquake {
  readonly id: string;
  readonly properties: { readonly time: number };
}

interface Flight {
  readonly date: string;
  readonly origin: string;
  readonly destination: string;
}

/**
 * The records of the demo, by index: first real ones (a week of USGS earthquakes, US flights and their delays), then
 * generated telemetry. Every record can be made again from its index, and its index found again from its key, so that a
 * database can be checked against nothing but the seed.
 */
export class DemoData {
  readonly realCount: number;
  readonly recordCount: number;
  readonly #seed: number;
  readonly #real: readonly DemoRecord[];
  readonly #realIndexOfKey: ReadonlyMap<string, number>;

  constructor(seed: number, telemetryCount: number) {
    this.#seed = seed;
    this.#real = [...readEarthquakes(), ...readFlights(), ...readFlightDelays()];
    this.#realIndexOfKey = new Map(this.#real.map((record, index) => [record.key, index]));
    if (this.#realIndexOfKey.size !== this.#real.length) throw new Error('two records of the real data share a key');
    this.realCount = this.#real.length;
    this.recordCount = this.realCount + telemetryCount;
  }

  get batchCount(): number {
    return Math.ceil(this.recordCount / DEMO_BATCH_RECORDS);
  }

  /** Where batch `batch` ends: it holds the records from `batch * DEMO_BATCH_RECORDS` up to this. */
  batchEnd(batch: number): number {
    return Math.min((batch + 1) * DEMO_BATCH_RECORDS, this.recordCount);
  }

  recordAt(index: number): DemoRecord {
    return index < this.realCount ? this.#real[index] : this.#telemetryAt(index - this.realCount);
  }

  /** The index that a record of this key would have, or -1: compare `recordAt` before believing it. */
  indexOf(key: string): number {
    if (!key.startsWith('telemetry/')) return this.#realIndexOfKey.get(key) ?? -1;
    const timestampMs = Number(key.slice(key.lastIndexOf('/') + 1));
    const index = this.realCount + Math.floor((timestampMs - TELEMETRY_START_MS) / TELEMETRY_STEP_MS);
    return index >= this.realCount && index < this.recordCount ? index : -1;
  }

  #telemetryAt(event: number): DemoRecord {
    const random = new Prng(this.#seed + event);
    const number = random.below(DEVICE_COUNT);
    const kind = DEVICE_KINDS[number % DEVICE_KINDS.length];
    const device = `${kind}-${String(number).padStart(4, '0')}`;
    const timestampMs = TELEMETRY_START_MS + event * TELEMETRY_STEP_MS + random.below(TELEMETRY_STEP_MS);
    const time = new Date(timestampMs).toISOString();
    const reading = (random.below(1_000_000) / 1000).toFixed(2);
    const metric = random.pick(METRICS);
    const firmware = random.pick(FIRMWARES);
    const value = `{"device":"${device}","metric":"${metric}","time":"${time}","value":${reading},"firmware":"${firmware}"}`;
    return { key: `telemetry/${device}/${timestampMs}`, value };
  }
}

function readEarthquakes(): DemoRecord[] {
  const { features } = readDataset('earthquakes.json') as { features: Earthquake[] };
  return features.map((quake) => {
    const time = new Date(quake.properties.time).toISOString();
    return { key: `earthquake/${time}/${quake.id}`, value: JSON.stringify(quake) };
  });
}

function readFlights(): DemoRecord[] {
  const flights = readDataset('flights-20k.json') as Flight[];
  return flights.map((flight, row) => {
    const route = `${flight.origin}-${flight.destination}`;
    return { key: `flight/${flight.date}/${route}/${row}`, value: JSON.stringify(flight) };
  });
}

function readFlightDelays(): DemoRecord[] {
  const delays = readDataset('flights-200k.json') as object[];
  return delays.map((delay, row) => ({
    key: `flight-delay/${String(row).padStart(6, '0')}`,
    value: JSON.stringify(delay),
  }));
}

function readDataset(name: string): unknown {
  const entry = createRequire(import.meta.url).resolve('vega-datasets');
  return JSON.parse(readFileSync(new URL(`../data/${name}`, `file://${entry}`), 'utf8'));
}
