import type { DatabaseSync, StatementSync } from "node:sqlite";
import { parseFrozen } from "../../json.ts";
import type { Answer, Handover, Mail, Message } from "../store.ts";
import { toJsonText } from "./columns.ts";

/** Messages between workers and their answers, within a transaction of the caller. */
export class MailStatements {
  readonly #putMessage: StatementSync;
  readonly #findMessage: StatementSync;
  readonly #handOn: StatementSync;
  readonly #deleteMessage: StatementSync;
  readonly #putAnswer: StatementSync;
  readonly #deleteAnswer: StatementSync;
  readonly #messagesTo: StatementSync;
  readonly #answersTo: StatementSync;

  constructor(database: DatabaseSync) {
    this.#putMessage = database.prepare(`
      INSERT INTO tandem_messages (id, instance_id, recipient, sender, sent_at, command)
      VALUES (?, ?, ?, ?, ?, ?)
    `);
    this.#findMessage = database.prepare(
      "SELECT 1 FROM tandem_messages WHERE id = ? AND recipient = ?",
    );
    this.#handOn = database.prepare(
      "UPDATE tandem_messages SET recipient = ? WHERE id = ? AND recipient = ?",
    );
    this.#deleteMessage = database.prepare("DELETE FROM tandem_messages WHERE id = ?");
    // Nobody reads answers to a worker that is not known.
    this.#putAnswer = database.prepare(`
      REPLACE INTO tandem_answers (message_id, recipient, outcome)
      SELECT ?1, id, ?2 FROM tandem_workers WHERE id = ?3
    `);
    this.#deleteAnswer = database.prepare("DELETE FROM tandem_answers WHERE message_id = ?");
    this.#messagesTo = database.prepare(`
      SELECT id, instance_id, recipient, sender, sent_at, command FROM tandem_messages
      WHERE recipient = ? ORDER BY sent_at, number
    `);
    this.#answersTo = database.prepare(
      "SELECT message_id, recipient, outcome FROM tandem_answers WHERE recipient = ?",
    );
  }

  send({ id, instanceId, to, from, at, command }: Message): void {
    this.#putMessage.get(id, instanceId, to, from ?? null, at, toJsonText(command));
  }

  /** Whether the message is still kept for the worker that answers it. */
  isFor({ messageId, by }: Answer): boolean {
    return this.#findMessage.get(messageId, by) !== undefined;
  }

  handOn({ messageId, by, to }: Handover): void {
    this.#handOn.get(to, messageId, by);
  }

  answer({ messageId, from, outcome }: Answer): void {
    this.#deleteMessage.get(messageId);
    if (from !== undefined) this.#putAnswer.get(messageId, toJsonText(outcome), from);
  }

  dismiss(messageId: string): void {
    this.#deleteAnswer.get(messageId);
  }

  receive(workerId: string): Mail {
    const messages = this.#messagesTo.all(workerId) as unknown as MessageRow[];
    const answers = this.#answersTo.all(workerId) as unknown as AnswerRow[];
    return {
      messages: messages.map((row) => ({
        id: row.id,
        instanceId: row.instance_id,
        to: row.recipient,
        from: row.sender ?? undefined,
        at: row.sent_at,
        command: parseFrozen(row.command),
      })),
      answers: answers.map((row) => ({
        messageId: row.message_id,
        from: row.recipient,
        outcome: parseFrozen(row.outcome),
      })),
    };
  }
}

interface MessageRow {
  readonly id: string;
  readonly instance_id: string;
  readonly recipient: string;
  readonly sender: string | null;
  readonly sent_at: number;
  readonly command: string;
}

interface AnswerRow {
  readonly message_id: string;
  readonly recipient: string;
  readonly outcome: string;
}
