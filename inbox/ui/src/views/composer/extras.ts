// What is open beside the words: the emoji, the recorder, a channel's templates, the date to send at.
import type { ChannelRef } from '../../api/types.ts';

export interface Extras { choosing: boolean; speaking: boolean; picking: ChannelRef | null; dating: boolean }
