/** One message a second, also while the tab is hidden: page timers are throttled there, a worker's are not. */
setInterval(() => {
  self.postMessage(0);
}, 1000);
