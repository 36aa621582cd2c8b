// What the card's own addresses of the API give and take.
import type { Contact, Id, Named, Time } from './types.ts';

export type Value = string | number | boolean | null | string[] | { amount: string; currency: string } | Record<string, unknown>[];
export interface FieldPart { name: string; title: string; type: string; choices: string[]; currency: string | null }
export interface CardField extends FieldPart { id: Id; parts: FieldPart[]; position: number }
export interface Place { label: string; text: string }
/** A contact with all that its card knows. */
export interface Card extends Omit<Contact, 'fields'> {
  fields: Record<string, Value>; birthday?: string | null; merged_into?: Id | null; category?: string | null; addresses?: Place[]; source?: string;
  origin?: Record<string, unknown>; edited?: Record<string, { by: Id; at: Time }>;
}
export interface Moment {
  kind: string; id: Id; at: Time; what: string; text: string; actor: { kind: string; id: Id | null; name: string | null } | null;
  conversation_id: Id | null; link: string | null; data: Record<string, unknown>;
}
export interface Difference { before: unknown; after: unknown }
export type { Named };
