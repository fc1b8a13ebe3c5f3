// Everything works without this. It counts down, keeps the page true, and sends no form twice.
(() => {
  const root = document.documentElement;
  const $ = (selector, from = document) => from.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const main = $('#main');
  const written = main?.textContent;
  const after = (seconds, act) => setTimeout(act, seconds * 1000);

  // What was typed is never thrown away by a reload of ours; and an answer to a form is asked for anew, not sent anew.
  let typed = false;
  let leaving = false;
  const reload = () => {
    if (typed || leaving) return;
    leaving = true;
    location.replace(location.pathname.replace(/\/(pay|cancel)$/, '') + location.search);
  };
  addEventListener('input', (event) => { if (event.target.form?.method === 'post') typed = true; });
  // A page from the browser's own store is older than it looks.
  addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });

  addEventListener('submit', (event) => {
    const form = event.target;
    if (form.method !== 'post') return;
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = leaving = true;
    const button = event.submitter;
    button?.setAttribute('aria-disabled', 'true');
    // If no answer comes, it can be sent again.
    after(10, () => { delete form.dataset.sent; leaving = false; button?.removeAttribute('aria-disabled'); });
  });

  // Times in the visitor's zone, with its name.
  for (const time of all('time[data-local]')) {
    const short = { hour: '2-digit', minute: '2-digit', timeZoneName: 'short' };
    const form = time.dataset.local === 'time'
      ? { ...short, second: '2-digit' }
      : { ...short, day: 'numeric', month: 'short', year: 'numeric' };
    time.textContent = new Intl.DateTimeFormat(navigator.language, form).format(new Date(time.dateTime));
  }

  // Counted from what the server says is left, so that a wrong clock here changes nothing.
  const left = $('[data-left]');
  if (left) {
    const end = performance.now() + left.dataset.left * 1000;
    const hidden = { at: 0 };
    const tick = () => {
      const seconds = Math.max(0, Math.ceil((end - performance.now()) / 1000));
      const two = (number) => String(number).padStart(2, '0');
      const hours = Math.floor(seconds / 3600);
      const minutes = Math.floor(seconds / 60) % 60;
      left.textContent = (hours ? `${hours}:${two(minutes)}` : minutes) + ':' + two(seconds % 60);
      if (seconds) after(((end - performance.now()) % 1000 || 1000) / 1000, tick);
      else after(1, reload);
    };
    tick();
    // A device that slept may have stopped its counter too.
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) hidden.at = Date.now();
      else if (hidden.at && Date.now() - hidden.at > 30000) reload();
    });
  }

  // What is on its way: looked for ever more seldom, and shown once it is there.
  if (main?.dataset.again) {
    let wait = +main.dataset.again;
    const look = async () => {
      try {
        const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), 'text/html');
        if ($('#main', page).textContent !== written) return reload();
      } catch { /* away: it is looked for again */ }
      after(wait = Math.min(wait * 1.5, 30), look);
    };
    after(wait, look);
  }

  // Live: the server tells what has changed.
  const list = $('#tickets');
  const seat = $('[data-ticket]');
  const since = +/since=(\d+)/.exec(main?.dataset.live)?.[1];
  const news = $('#news');
  const versions = {};
  const badge = (row, text, kind) => {
    const old = $('.badge', row);
    old.textContent = text;
    old.className = 'badge ' + kind;
  };
  let quiet;
  const say = (text) => {
    news.textContent = text;
    clearTimeout(quiet);
    quiet = after(8, () => { news.textContent = ''; });
  };
  const price = (number) => new Intl.NumberFormat(list.dataset.locale, {
    style: 'currency', currency: list.dataset.currency, currencyDisplay: 'narrowSymbol', maximumFractionDigits: 6,
  }).format(number);

  const fill = (row, ticket) => {
    $('.title', row).textContent = ticket.title;
    const amount = $('.price', row);
    amount.value = ticket.price;
    amount.textContent = price(ticket.price);
  };
  const wanted = (title) => list.dataset.search.toLowerCase().split(/\s+/)
    .every((word) => title.toLowerCase().includes(word));

  const listed = (ticket) => {
    const { id, state, version } = ticket;
    let row = $(`li[data-id="${CSS.escape(id)}"]`, list);
    if (version < (versions[id] ?? row?.dataset.version ?? 0)) return;
    versions[id] = version;
    const taken = state === 'taken';
    if (!row) {
      // What the page was made from stands on another page.
      if (taken || ticket.at <= since || !wanted(ticket.title)) return;
      say((state === 'new' ? 'New: ' : 'Free: ') + ticket.title);
      // The newest stand on the first page.
      if ($('a[rel=prev]')) return;
      row = $('#row').content.firstElementChild.cloneNode(true);
      row.dataset.id = id;
      $('a', row).href = '/tickets/' + encodeURIComponent(id);
      fill(row, ticket);
      list.prepend(row);
      if (list.children.length > 60) list.lastElementChild.remove();
      $('#empty')?.remove();
      row.classList.add('fresh');
    } else {
      const link = $('a', row);
      const was = link.classList.contains('taken');
      link.classList.toggle('taken', taken);
      fill(row, ticket);
      if (taken && !was) {
        row.kept = $('.badge', row).cloneNode(true);
        badge(row, 'Taken', '');
      } else if (was && !taken) {
        // One's own is one's own again.
        if (row.kept) $('.badge', row).replaceWith(row.kept);
        else badge(row, 'Free', 'free');
        say('Free again: ' + ticket.title);
      }
    }
    row.dataset.version = version;
  };
  const shown = (ticket) => {
    if (ticket.id !== seat.dataset.ticket || ticket.version <= seat.dataset.version) return;
    seat.dataset.version = ticket.version;
    reload();
  };

  const fresh = $('#fresh');
  const stamp = fresh?.innerHTML;
  let stream;
  // The last that was told, in the server's time.
  let last;
  const close = () => { stream?.close(); stream = null; };
  const open = () => {
    if (stream || document.hidden || leaving) return;
    const url = main.dataset.live;
    const own = stream = new EventSource(last ? url.replace(/since=\d+/, 'since=' + last) : url);
    stream.onopen = () => { fresh.textContent = 'Live: changes appear by themselves.'; root.dataset.live = 'on'; };
    stream.onerror = () => {
      fresh.innerHTML = stamp;
      root.dataset.live = 'off';
      // What was refused is not asked for again by the browser.
      if (own.readyState === 2 && own === stream) { close(); after(10 + Math.random() * 20, open); }
    };
    stream.addEventListener('ticket', (event) => {
      last = /^\d+$/.test(event.lastEventId) ? event.lastEventId : last;
      const ticket = JSON.parse(event.data);
      if (list) listed(ticket);
      if (seat) shown(ticket);
    });
    stream.addEventListener('order', reload);
    stream.addEventListener('reset', () => {
      // Every page is told so at once: not all of them come in the same moment, and none again and again.
      const before = +sessionStorage.getItem('reset') || 0;
      const wait = Math.max(Math.random() * 5, 10 - (Date.now() - before) / 1000);
      after(Math.min(wait, 10), () => { sessionStorage.setItem('reset', Date.now()); reload(); });
    });
  };
  if (main?.dataset.live && self.EventSource) {
    open();
    addEventListener('pagehide', close);
    // A browser has few connections to one host: pages that nobody looks at leave theirs to the others.
    document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()));
  }
})();
