// What the server's API gives and takes, by hand until it is generated from /api/v1/openapi.json.
export type Id = number;
export type Time = string;

export interface Page<T> { items: T[]; next: string | null }
export interface Named { id: Id; name: string }
export interface ChannelRef { id: Id; kind: string; name: string }

export type Role = 'owner' | 'lead' | 'operator' | 'marketer' | 'viewer';
export type Language = 'ru' | 'en';

export interface Manager {
  id: Id; email: string; name: string; role: Role; language: Language | null; available: boolean;
  capacity: number | null; open: number; teams: Id[]; disabled: boolean; preferences?: Record<string, unknown>; back_at?: Time | null;
}
export interface Team { id: Id; name: string; members: Id[] }
export interface Session { manager: Manager; csrf: string; language: Language; public_url: string; version: string; rights: string[] }
export interface BrowserSession { id: Id; created_at: Time; seen_at: Time; agent: string; ip: string; current: boolean }
export interface Token { id: Id; name: string; created_at?: Time; seen_at?: Time | null; token?: string }

export type Status = 'open' | 'waiting' | 'snoozed' | 'closed';
export type Author = 'contact' | 'manager' | 'bot' | 'system';
export interface LastMessage { text: string; at: Time; direction: 'in' | 'out' | 'note'; author: Author; author_id?: Id | null }
export interface Reach { channel: ChannelRef; address: string; can_send: boolean; reason: string | null; window_until: Time | null }
export interface Conversation {
  id: Id; status: Status; contact: { id: Id; number: string; name: string | null; language: string | null; address?: string | null };
  channel: ChannelRef | null; assignee: Named | null; team: Named | null; bot: boolean; unread: number; priority: number;
  labels: string[]; subject: string | null; waiting_since: Time | null; answer_due: Time | null; snoozed_until: Time | null;
  last_message: LastMessage | null; opened_at: Time; closed_at: Time | null; reaches?: Reach[];
}
export interface Counts { mine: number; unassigned: number; all: number; unread_mine: number; late: number; team: number; waiting: number; mentioned: number; snoozed: number }
export type View = 'mine' | 'unassigned' | 'team' | 'waiting' | 'late' | 'mentioned' | 'snoozed' | 'closed' | 'all';
export type StatusFilter = Status | 'current' | 'active' | 'any';
export type Sort = 'last' | 'waiting' | 'due' | 'snoozed';
/** Which conversations a saved view shows: what GET /conversations takes. */
export interface ViewFilter {
  view?: View; status?: StatusFilter; assignee?: string; team?: Id; channel?: Id; segment?: Id; label?: string; waiting?: boolean; within_days?: number; quiet_days?: number; q?: string; sort?: Sort;
}
export interface SavedView { id: Id; name: string; filter: ViewFilter; shared: 'private' | 'team' | 'all'; team: Id | null; mine: boolean }
export interface LabelCount { label: string; count: number }
export type State = 'queued' | 'sending' | 'sent' | 'delivered' | 'read' | 'failed' | 'unknown';
export interface Attachment {
  id: Id; kind: string; name: string; mime: string; size: number | null; url: string; thumbnail?: string | null;
  state: 'waiting' | 'stored' | 'failed'; reason?: string | null; width?: number | null; height?: number | null; duration?: number | null;
}
export interface Choice { id: string; title: string }
/** Another way to the same person. `why` it is offered, in words; `address` may be empty. */
export interface Alternative { channel: ChannelRef; address: string; why?: string | null }
export interface Place { latitude: number; longitude: number; name?: string | null; address?: string | null }
/** Somebody whose card was passed on; providers differ in how they write it. */
export interface Card { name?: string | { formatted_name?: string }; phone?: string; phones?: (string | { phone?: string })[]; emails?: (string | { email?: string })[]; org?: { company?: string }; organisation?: string }
export interface Call { state?: 'ringing' | 'answered' | 'missed' | 'voicemail'; status?: string; direction?: string; duration?: number; recording_duration?: number }
export interface Message {
  id: Id; conversation_id: Id; direction: 'in' | 'out' | 'note'; author: { kind: Author; id: Id | null; name: string | null };
  channel: { id: Id; kind: string } | null; kind: string; text: string; html?: string | null; subject?: string | null;
  quoted?: string | null; auto_reply?: boolean; bounce?: { address: string; code: string; hard: boolean } | null;
  choices?: Choice[]; location?: Place | null; template?: TemplateUse | null; data?: { call?: Call; contacts?: Card[]; [name: string]: unknown };
  code?: string | null; alternatives?: Alternative[] | null;
  attachments: Attachment[]; reply_to: Id | null; external_id: string | null; state: State | null; reason: string | null;
  at: Time; send_at?: Time | null; edited_at: Time | null; deleted_at: Time | null; reactions: { emoji: string; author: string }[]; broadcast_id?: Id | null;
}
export interface TemplateUse { name: string; language: string; variables?: Record<string, string>; buttons?: Record<string, string>; media?: { file?: string | number; name?: string; mime?: string } }
export interface NewMessage {
  text: string; channel_id?: Id; attachments?: { file: string | number; name: string; mime: string; voice?: boolean }[]; reply_to?: Id; subject?: string; note?: boolean; send_at?: Time;
  template?: TemplateUse; cc?: string[]; mentions?: Id[]; hold?: number; sign?: boolean; seen_up_to?: Id; confirm?: boolean; ref?: string;
}
/** What a message said before it was changed, and until when. */
export interface Version { text: string; html?: string | null; at: Time }
/** What the channel will make of a message before it is sent. */
export interface Part {
  text: string; html?: string | null; subject?: string | null; choices?: Choice[]; attachments?: { kind: string; name: string; as: 'media' | 'link' }[]; template?: TemplateUse | null;
}
export interface Segments { encoding: string; characters: number; count: number; left: number }
export interface Preview {
  channel: ChannelRef; parts: Part[]; notes: { code: string; text: string }[]; segments: Segments | null;
  window: { open: boolean; until: Time | null } | null; problem: { code: string; text: string } | null; alternatives: Alternative[];
}
export interface Event { id: Id; at: Time; kind: string; actor: { kind: string; id: Id | null; name: string | null } | null; data: Record<string, unknown> }
/** What one began to write, as the server keeps it for one's other devices. */
export interface KeptDraft { conversation_id: Id; text: string; note: boolean; channel_id: Id | null; subject: string; cc: string | null; reply_to: Id | null; attachments: Upload[]; seen: Id | null; changed_at: Time | null }
export interface Canned { id: Id; shortcut: string; language: string; text: string; shared: boolean; changed_at?: Time }
export interface Writing { signature: string; undo_seconds: number }
export interface Upload { file: string | number; kind: string; name: string; mime: string; size: number; url: string }

export interface Identity { id: Id; kind: string; address: string; verified: boolean }
export interface Consent {
  channel: ChannelRef; address: string; stopped_at: Time | null; marketing_stopped_at: Time | null;
  blocked_at: Time | null; blocked_reason: string | null; heard_at: Time | null;
}
export interface Contact {
  id: Id; number: string; name: string | null; language: string | null; timezone?: string | null; manager: Named | null;
  identities: Identity[]; tags: string[]; fields: Record<string, string | number | boolean | null>; consent: Consent[];
  created_at: Time; conversations: number; erase_at?: Time | null; erased_at?: Time | null; employers?: { id: Id; name: string; title: string }[];
}
export interface ContactPatch {
  name?: string; manager?: Id | null; language?: string | null; timezone?: string | null; tags?: string[];
  fields?: Record<string, string | number | boolean | null>;
}

export interface Task {
  id: Id; kind: string; title: string; contact: { id: Id; name: string | null } | null; conversation_id: Id | null;
  manager: Named | null; team: Named | null; due_at: Time | null; created_at: Time; done_at: Time | null; late: boolean;
}

export type Setting = string | number | boolean | null;
export interface ChannelField {
  name: string; title: string; description: string; type: 'string' | 'integer' | 'boolean' | 'choice'; choices?: string[];
  secret: boolean; required: boolean; default: Setting;
}
export interface ChannelKind { kind: string; title: string; fields: ChannelField[] }
export interface Channel {
  id: Id; kind: string; name: string; title: string; account: { name?: string; address?: string; notes?: string | string[] } | null;
  state: 'ok' | 'failing' | 'disabled'; error: string | null; settings: Record<string, Setting>; webhook: string;
  team: Named | Id | null; capabilities: Record<string, unknown>; created_at: Time; health?: Health | null;
}
export interface Health {
  state: 'ok' | 'failing' | 'paused' | 'disabled'; error: string | null; since: Time | null; paused_until: Time | null; waiting: number;
  last_in_at: Time | null; last_out_at: Time | null;
}
export interface RawBody { id: Id; received_at: Time; method: string; state: string; error: string | null; events: number | null; size: number; preview?: string | null }
/** One delivery as the provider made it, secrets masked, and what is understood of it today. */
export interface RawEvent { kind: string; id: string; message_id: Id | null }
export interface RawDetail {
  id: Id; received_at: Time; method: string; url: string; headers: Record<string, string>; body: string; size: number; state: string; error: string | null; events: RawEvent[];
}
export interface Check { name: string; state: 'ok' | 'warning' | 'error'; text: string; mend?: string | null }

export interface Flow { id: Id; name: string; language: string; source: string; enabled: boolean; version?: number; changed_at?: Time }
/** `line` counts from 1; 0: nobody knows. */
export interface Trouble { step: string; field: string; message: string; line: number }
export interface TemplateButton { kind: string; text: string; variable?: string | boolean | null }
export interface Template {
  id: Id; name: string; language: string; body: string; subject?: string | null;
  source?: 'own' | 'provider'; channel?: ChannelRef | null; external_id?: string | null; category?: string | null; quality?: string | null;
  status?: 'approved' | 'pending' | 'rejected' | 'paused' | 'disabled' | null;
  header?: { kind: 'text' | 'image' | 'video' | 'gif' | 'document' | 'location' | null; text?: string | null; variables?: string[] } | null;
  footer?: string | null; buttons?: TemplateButton[]; variables?: string[]; problem?: string | null;
}

export type BroadcastState = 'draft' | 'planning' | 'running' | 'paused' | 'done' | 'cancelled';
export type RecipientCounts = Partial<Record<'waiting' | State | 'skipped', number>>;
export interface Broadcast {
  id: Id; name: string; body: string; tag: string | null; segment?: Named | null; channel: ChannelRef | null; state: BroadcastState; planned: number;
  counts: RecipientCounts; created_at: Time; started_at: Time | null; finished_at: Time | null;
}
export interface Recipient { contact: { id: Id; name: string | null }; state: string; reason: string | null; channel: ChannelRef | null; conversation_id: Id | null }
export interface BroadcastPreview {
  people: number; skipped: Record<string, number>; sample: { contact_id: Id; name: string; text: string; channel_id: Id }[]; exact?: boolean;
}
/** A number and the query of /conversations that lists exactly what it counts. */
export interface Figure { value: number | null; link: string }
export interface ReportRow {
  manager: Named; taken: Figure; answered: Figure; messages: Figure; first_answer_seconds: Figure; closed: Figure; late: Figure;
}

/** What search found. A quote is cut into what was asked for (`hit`) and what was not. */
export interface Quote { text: string; hit: boolean }
export interface MessageFound { message_id: Id; conversation_id: Id; contact: Named; channel: { id: Id; kind: string; name: string }; at: Time; direction: string; author: string; snippet: Quote[] }
export interface PersonFound { id: Id; number: string; name: Quote[]; address: Quote[]; conversation_id: Id | null }
export interface FileFound { id: Id; name: Quote[]; kind: string; message_id: Id; conversation_id: Id; contact: Named; channel: { id: Id; kind: string; name: string }; at: Time }
export interface SearchFound { messages: MessageFound[]; people: PersonFound[]; files: FileFound[]; next: string | null }
