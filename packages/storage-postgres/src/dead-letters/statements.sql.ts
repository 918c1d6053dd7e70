import type { DeadLetterFilter } from "@chimera/dlq";
import { resolveFilter } from "@chimera/dlq";
import { sql } from "../sql.ts";
import type { SqlStatement } from "../sql.ts";
import type { Claim } from "./open-claims.ts";
import type { LetterColumns } from "./row-codec.ts";
import { storable } from "./row-codec.ts";

/** Statements on one table of dead letters. */
export class DeadLetterStatements {
  readonly #table: SqlStatement;

  constructor(table: SqlStatement) {
    this.#table = table;
  }

  /**
   * Stores letters in their order, replacing those with the same id. Returns nothing; cost: one upsert a letter.
   * The same `appendId` a second time changes nothing, so that a letter replayed in between stays replayed.
   * `letters`: no id twice.
   */
  append(letters: readonly LetterColumns[], appendId: string): SqlStatement {
    const column = (index: number): (string | null)[] => letters.map((letter) => letter[index] ?? null);
    return sql`insert into ${this.#table} as stored
        (id, ts, reason, code, source, target, envelope, payload, append_id)
      select id, ts, reason, code, source, target, envelope, payload, ${appendId}::uuid
      from unnest(${column(0)}::text[], ${column(1)}::text[], ${column(2)}::text[], ${column(3)}::text[],
        ${column(4)}::text[], ${column(5)}::text[], ${column(6)}::text[], ${column(7)}::text[])
        with ordinality as given (id, ts, reason, code, source, target, envelope, payload, place)
      order by place
      on conflict (id) do update set
        seq = excluded.seq, ts = excluded.ts, state = 'dead', reason = excluded.reason, code = excluded.code,
        source = excluded.source, target = excluded.target, envelope = excluded.envelope,
        payload = excluded.payload, append_id = excluded.append_id, claimed_by = null, claimed_until = null
      where stored.append_id <> excluded.append_id`;
  }

  /** Removes letters by id. */
  withdraw(ids: readonly string[]): SqlStatement {
    return sql`delete from ${this.#table} where id = any(${ids.map(storable)}::text[])`;
  }

  /** Marks letters as replayed whose version is still the one that was listed. */
  markReplayed(letters: readonly { readonly id: string; readonly ts: string }[]): SqlStatement {
    const ids = letters.map(({ id }) => storable(id));
    const versions = letters.map(({ ts }) => ts);
    return sql`update ${this.#table} as stored
      set state = 'replayed', claimed_by = null, claimed_until = null
      from unnest(${ids}::text[], ${versions}::text[]) as taken (id, ts)
      where stored.id = taken.id and stored.ts = taken.ts and stored.state = 'dead'`;
  }

  /** Removes what matches; the command's count is how many. */
  purge(filter: DeadLetterFilter): SqlStatement {
    return sql`delete from ${this.#table} where ${matching(filter)}`;
  }

  /** Counts and bytes by reason and source. Cost: one scan of what matches; no payload is read (`octet_length` of a stored text). */
  stats(filter: DeadLetterFilter): SqlStatement {
    return sql`select reason, source, count(*)::int as count, min(ts) as oldest, max(ts) as newest,
        sum(octet_length(envelope) + octet_length(payload))::bigint as bytes
      from ${this.#table} where ${matching(filter)} group by reason, source`;
  }

  /** The highest place that is taken now, where a list that begins now ends; 0 for none. */
  lastSeq(): SqlStatement {
    return sql`select coalesce(max(seq), 0) as seq from ${this.#table}`;
  }

  /** The next `limit` letters behind `after`, up to `last`. Cost: one range of an index. */
  page(filter: DeadLetterFilter, after: string, last: string, limit: number): SqlStatement {
    return sql`select seq, state, envelope, payload from ${this.#table}
      where ${matching(filter)} and seq > ${after}::bigint and seq <= ${last}::bigint order by seq limit ${limit}`;
  }

  /**
   * Like `page`, but each letter goes to one asker: those that another one is just taking (`skip locked`) or has
   * taken for a time that is not over are passed over. The same `claimedBy` behind the same `after` gets the same letters.
   */
  claim(
    filter: DeadLetterFilter,
    after: string,
    last: string,
    limit: number,
    claim: { readonly claimedBy: string; readonly leaseMs: number },
  ): SqlStatement {
    const free = sql`(claimed_until is null or claimed_until < now() or claimed_by = ${claim.claimedBy}::uuid)`;
    return sql`with picked as (
        select id from ${this.#table}
        where ${matching(filter)} and seq > ${after}::bigint and seq <= ${last}::bigint and ${free}
        order by seq limit ${limit} for update skip locked)
      update ${this.#table} as stored
      set claimed_by = ${claim.claimedBy}::uuid, claimed_until = now() + ${claim.leaseMs} * interval '1 millisecond'
      from picked where stored.id = picked.id
      returning stored.seq, stored.state, stored.envelope, stored.payload`;
  }

  /** Ends claims before their time. One that has ended by itself, or is another's by now, is left alone. */
  giveBack(claims: readonly Claim[]): SqlStatement {
    const seqs = claims.map(({ seq }) => seq);
    const holders = claims.map(({ claimedBy }) => claimedBy);
    return sql`update ${this.#table} as stored set claimed_by = null, claimed_until = null
      from unnest(${seqs}::bigint[], ${holders}::uuid[]) as open (seq, claimed_by)
      where stored.seq = open.seq and stored.claimed_by = open.claimed_by`;
  }

  /** Whether this session could store a letter: the table is there, rights and server allow writing. */
  mayWrite(): SqlStatement {
    return sql`select current_setting('transaction_read_only') = 'off'
      and has_table_privilege(${this.#table.text}, 'insert') and has_table_privilege(${this.#table.text}, 'update') as ok`;
  }
}

/** A filter as a condition. @throws DlqError `DLQ_INVALID` */
function matching(filter: DeadLetterFilter): SqlStatement {
  const { state, ids, reasons, codes, source, target, since, until } = resolveFilter(filter);
  const conditions = [
    state === "any" ? undefined : sql`state = ${state}`,
    ids && sql`id = any(${[...ids].map(storable)}::text[])`,
    reasons && sql`reason = any(${[...reasons]}::text[])`,
    codes && sql`code = any(${[...codes].map(storable)}::text[])`,
    source === undefined ? undefined : sql`source = ${storable(source)}`,
    target === undefined ? undefined : sql`target = ${storable(target)}`,
    since === undefined ? undefined : sql`ts >= ${since}`,
    until === undefined ? undefined : sql`ts < ${until}`,
  ].filter((condition) => condition !== undefined);
  return conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `);
}
