// Starts the app: the person's language first, then the page.
import { mount } from 'svelte';
import './style/base.css';
import App from './App.svelte';
import { online } from './live/live.svelte.ts';
import { showWhole } from './parts/whole.ts';
import { preferences } from './stores/preferences.svelte.ts';
import { say, sayNewer } from './stores/toasts.svelte.ts';
import { t, useLanguage } from './text/text.svelte.ts';

// A menu or a dialog that cannot be loaded must not be a key that does nothing: after an update its old part is gone.
addEventListener('vite:preloadError', () => (online() ? sayNewer() : say(t('error.offline'), undefined, 'bad')));

addEventListener('pointerover', showWhole, { passive: true });

await useLanguage(preferences.language);
mount(App, { target: document.getElementById('app')! });
