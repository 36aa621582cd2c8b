// Starts the app: the person's language first, then the page.
import { mount } from 'svelte';
import './style/base.css';
import App from './App.svelte';
import { preferences } from './stores/preferences.svelte.ts';
import { useLanguage } from './text/text.svelte.ts';

await useLanguage(preferences.language);
mount(App, { target: document.getElementById('app')! });
