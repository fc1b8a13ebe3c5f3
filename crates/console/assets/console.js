// Everything works without this. It keeps figures as they are, follows an operation, and sends no form twice.
(() => {
  const $ = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const main = $('#main');
  const after = (seconds, act) => setTimeout(act, seconds * 1000);

  for (const hidden of all('[data-script]')) hidden.hidden = false;

  addEventListener('submit', (event) => {
    const form = event.target;
    if (form.method !== 'post') return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = 'yes';
    // If no answer comes, it can be sent again.
    after(10, () => delete form.dataset.sent);
  });
  addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });

  for (const file of all('input[data-into]')) {
    file.addEventListener('change', async () => {
      const text = await file.files[0]?.text();
      if (text !== undefined) $('#' + file.dataset.into).value = text;
    });
  }

  // Written as the server writes them.
  const count = (number) => number.toLocaleString('en');
  const span = (ms) => {
    const [s, m, h] = [1000, 60000, 3600000].map((unit) => Math.floor(ms / unit));
    if (ms < 1000) return `${ms} ms`;
    if (ms < 60000) return `${s}.${Math.floor(ms % 1000 / 100)} s`;
    if (ms < 3600000) return `${m} min ${s % 60} s`;
    if (ms < 86400000) return `${h} h ${m % 60} min`;
    return `${Math.floor(h / 24)} d ${h % 24} h`;
  };
  const bytes = (number) => {
    if (number < 1024) return `${number} B`;
    const power = Math.min(3, Math.floor(Math.log2(number) / 10));
    const size = 1024 ** power;
    return `${Math.floor(number / size)}.${Math.floor(number % size * 10 / size)} ${['', 'KiB', 'MiB', 'GiB'][power]}`;
  };
  const forms = { age: (ms) => (ms ? span(ms) : '–'), bytes, yes: (is) => (is ? 'yes' : 'no') };
  const write = (element, text) => { if (element && element.textContent !== text) element.textContent = text; };
  const make = (name, text) => Object.assign(document.createElement(name), { textContent: text });

  const at = (status, place) => place.split('/').reduce((value, part) => (
    Array.isArray(value) ? value.find((each) => (each.name ?? each.service) === part) : value?.[part]
  ), status);

  const verdict = ({ well, troubles }) => {
    const number = troubles.length;
    const urgent = troubles.filter((trouble) => trouble.urgent).length;
    if (!number) return well ? 'Yes: nothing needs a person.' : 'No.';
    if (!urgent) return number === 1
      ? 'Not quite: one thing needs a person, and it can wait for the morning.'
      : `Not quite: ${number} things need a person, and they can wait for the morning.`;
    return number === 1 ? 'No: one thing needs a person now.' : `No: ${number} things need a person, ${urgent} of them now.`;
  };
  const item = ({ urgent, what, next, page }) => {
    const row = make('li', '');
    row.classList.toggle('urgent', urgent);
    const link = make('a', 'See ' + page);
    link.href = /^\/(?!\/)/.test(page) ? page : '/';
    row.append(make('strong', urgent ? 'Now: ' : 'Later: '), make('span', what), ' ', make('span', next), ' ', link);
    return row;
  };

  let troubles;
  const shown = (status) => {
    for (const figure of all('[data-v]')) {
      const { v, as, none } = figure.dataset;
      const value = at(status, v);
      if (value !== undefined) write(figure, (forms[as] ?? count)(value));
      // What is there only at times.
      else if (none) write(figure, none);
    }
    const time = $('#as-of time');
    if (time) {
      time.dateTime = status.at;
      write(time, status.at.replace('T', ' ').replace('Z', ' UTC'));
    }
    const well = $('#well');
    if (!well) return;
    write($('#verdict'), verdict(status));
    const urgent = status.troubles.some((trouble) => trouble.urgent);
    well.className = 'answer ' + (urgent ? 'no' : status.well && !status.troubles.length ? 'yes' : 'quite');
    const now = JSON.stringify(status.troubles);
    if (now !== troubles) $('#troubles').replaceChildren(...status.troubles.map(item));
    troubles = now;
  };

  // Live, with a switch: what changes by itself can be stopped.
  const button = $('#switch');
  let stream;
  const say = (text) => write($('#connection'), text);
  const close = () => { stream?.close(); stream = null; };
  const open = () => {
    if (stream || document.hidden || button?.getAttribute('aria-pressed') !== 'true') return;
    const own = stream = new EventSource(main.dataset.live);
    own.onopen = () => say('on');
    own.onerror = () => {
      say('no connection');
      // What was refused is not asked for again by the browser.
      if (own.readyState === 2 && own === stream) { close(); after(10 + Math.random() * 20, open); }
    };
    own.addEventListener('status', (event) => { say('on'); shown(JSON.parse(event.data)); });
  };
  if (main?.dataset.live && button) {
    button.hidden = false;
    const press = (on) => {
      button.setAttribute('aria-pressed', on);
      if (on) open(); else { close(); say('off'); }
    };
    button.addEventListener('click', () => {
      const on = button.getAttribute('aria-pressed') !== 'true';
      sessionStorage.setItem('live', on);
      press(on);
    });
    press(sessionStorage.getItem('live') !== 'false');
    addEventListener('pagehide', close);
    // A browser has few connections to one host: pages that nobody looks at leave theirs to the others.
    document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()));
  }

  // An operation that runs: looked at until it is over, then the page comes again with what can be done next.
  const watched = main?.dataset.watched;
  if (watched) {
    const look = async () => {
      try {
        const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), 'text/html');
        const part = document.getElementById(watched);
        const fresh = page.getElementById(watched);
        if (!fresh || !('running' in fresh.dataset)) return location.replace(location.pathname);
        for (const name of ['dd', 'progress']) {
          const olds = all(name, part);
          all(name, fresh).forEach((each, place) => { if (olds[place]) write(olds[place], each.textContent); });
        }
        const [bar, now] = [$('progress', part), $('progress', fresh)];
        if (bar && now) bar.value = now.value;
      } catch { /* away: it is looked at again */ }
      after(1, look);
    };
    after(1, look);
  }
})();
