// Numbers and times as the person's locale writes them; times in the zone that the answer is about.

let locale: string | undefined;
let zone = "UTC";

export function speak(given: string | undefined, inZone?: string): void {
  if (given) {
    try {
      new Intl.NumberFormat(given);
      locale = given;
    } catch {
      locale = undefined;
    }
  }
  if (inZone) {
    try {
      new Intl.DateTimeFormat(undefined, { timeZone: inZone });
      zone = inZone;
    } catch {
      zone = "UTC";
    }
  }
}

// A formatter takes long to make, and a board writes thousands of times.
const made = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>();

function numbers(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `n ${locale} ${JSON.stringify(options)}`;
  const found = (made.get(key) as Intl.NumberFormat | undefined) ?? new Intl.NumberFormat(locale, options);
  made.set(key, found);
  return found;
}

function times(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `t ${locale} ${zone} ${JSON.stringify(options)}`;
  const found = (made.get(key) as Intl.DateTimeFormat | undefined) ?? new Intl.DateTimeFormat(locale, { timeZone: zone, ...options });
  made.set(key, found);
  return found;
}

export const zoneName = (): string => zone;
export const number = (value: number): string => numbers({}).format(value);
export const compact = (value: number): string => numbers({ notation: "compact", maximumFractionDigits: 1 }).format(value);

function shown(at: number | string, options: Intl.DateTimeFormatOptions): string {
  const time = typeof at === "number" ? new Date(at * 1000) : new Date(at);
  return Number.isNaN(time.getTime()) ? String(at) : times(options).format(time);
}

export const moment = (at: number | string): string =>
  shown(at, { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
export const day = (at: number | string): string => shown(at, { month: "short", day: "numeric" });
export const hour = (at: number | string): string => shown(at, { hour: "2-digit", minute: "2-digit" });

export function seconds(value: number | null | undefined): string {
  if (value === null || value === undefined) return "";
  const unit = (amount: number, name: string): string =>
    numbers({ style: "unit", unit: name, unitDisplay: "narrow", maximumFractionDigits: 1 }).format(amount);
  if (value < 120) return unit(value, "second");
  return value < 7200 ? unit(value / 60, "minute") : unit(value / 3600, "hour");
}
