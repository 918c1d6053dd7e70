/**
 * One queue in one database file.
 *
 * - Text is kept as JSON: some drivers cut text at a NUL, which rules 12 and 16 forbid.
 * - `at` is the moment that matters where a job is: ready since, due at, or leased until.
 * - `position` orders jobs among equals: the place in the ready list, the order of arrival, or the fence.
 * - The triggers count the jobs of each place, so that metrics never count rows.
 */
export const SCHEMA = /* sql */ `
  pragma journal_mode = wal;
  pragma synchronous = full;
  pragma busy_timeout = 5000;
  create table if not exists jobs (
    id text primary key, job text not null, progress text not null, priority integer not null,
    place text not null, at integer not null, position integer not null, receipt text unique
  );
  create index if not exists ready on jobs (place, priority, position);
  create index if not exists timed on jobs (place, at, position);
  create table if not exists dedup (key text primary key, id text not null, until integer);
  create index if not exists ending on dedup (until) where until is not null;
  create table if not exists durations (at integer not null, ms real not null);
  create index if not exists aging on durations (at);
  create table if not exists figures (name text primary key, value integer not null) without rowid;
  insert or ignore into figures select value, 0 from json_each('["depth", "delayed", "inFlight", "enqueued", "processed",
    "failed", "retried", "deadLettered", "reclaimed", "cancelled", "expired", "head", "tail", "fence"]');
  create trigger if not exists came after insert on jobs begin
    update figures set value = value + 1 where name = new.place;
  end;
  create trigger if not exists went after delete on jobs begin
    update figures set value = value - 1 where name = old.place;
  end;
  create trigger if not exists moved after update of place on jobs begin
    update figures set value = value - 1 where name = old.place;
    update figures set value = value + 1 where name = new.place;
  end;
`;
