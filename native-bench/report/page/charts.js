// Runs in the page: draws each chart of the specifications that the page holds (chart-spec.ts), in the colours of the reader's
// theme. Without it, or without scripts, the tables say the same.
(() => {
  const COLOURS = {
    light: ['#8a97a8', '#4c78a8', '#d8850f', '#b3261e'],
    dark: ['#8593a5', '#7aa6d8', '#f0a848', '#ff8a80'],
  };
  const OURS = { light: '#0b6e5f', dark: '#4fd1b5' };
  const isDark = matchMedia('(prefers-color-scheme: dark)');
  const specs = JSON.parse(document.getElementById('charts').textContent);
  let drawn = [];

  function draw() {
    for (const chart of drawn) chart.destroy();
    const theme = isDark.matches ? 'dark' : 'light';
    const style = getComputedStyle(document.documentElement);
    Chart.defaults.color = style.getPropertyValue('--ink');
    Chart.defaults.borderColor = style.getPropertyValue('--line');
    drawn = specs.map((spec) => new Chart(document.getElementById(spec.id), chartOf(spec, theme)));
  }

  function chartOf(spec, theme) {
    return {
      type: 'bar',
      data: {
        labels: spec.labels,
        datasets: spec.series.map((series, index) => datasetOf(series, index, theme, spec.origin)),
      },
      options: {
        indexAxis: 'y',
        animation: false,
        maintainAspectRatio: false,
        scales: { x: axisOf(spec) },
        plugins: { legend: { display: spec.series.length > 1 }, tooltip: { callbacks: { label: labelOf(spec) } } },
      },
      plugins: [whiskers(spec)],
    };
  }

  function axisOf({ isLogarithmic, axis, ends }) {
    const type = isLogarithmic ? 'logarithmic' : 'linear';
    return { type, title: { display: true, text: axis }, min: ends?.[0], max: ends?.[1] };
  }

  function datasetOf(series, index, theme, origin) {
    const colour = series.kind === 'goal' ? Chart.defaults.color : COLOURS[theme][index % COLOURS[theme].length];
    if (series.kind === 'goal') {
      const mark = { pointStyle: 'line', rotation: 90, radius: 9, borderWidth: 3, showLine: false };
      return { type: 'line', label: series.name, data: series.values, borderColor: colour, order: -1, ...mark };
    }
    const colours = series.isOurs?.map((isOurs) => (isOurs ? OURS[theme] : colour)) ?? colour;
    return { label: series.name, data: series.values, backgroundColor: colours, base: origin };
  }

  function labelOf(spec) {
    return ({ dataset, datasetIndex, dataIndex, raw }) => {
      const range = spec.series[datasetIndex].ranges?.[dataIndex];
      const spread = range ? ` (${range.map(short).join('–')})` : '';
      return `${dataset.label}: ${short(raw)}${spread}`;
    };
  }

  function short(value) {
    return value.toLocaleString('en-US', { maximumSignificantDigits: 4 });
  }

  /** From the lowest to the highest round, over the middle of each bar. */
  function whiskers(spec) {
    return {
      id: 'whiskers',
      afterDatasetsDraw(chart) {
        const { ctx, scales } = chart;
        ctx.save();
        ctx.strokeStyle = Chart.defaults.color;
        ctx.lineWidth = 1.5;
        spec.series.forEach(({ ranges = [] }, series) => {
          ranges.forEach((range, bar) => {
            if (range)
              whisker(
                ctx,
                range.map((end) => scales.x.getPixelForValue(end)),
                chart.getDatasetMeta(series).data[bar].y,
              );
          });
        });
        ctx.restore();
      },
    };
  }

  function whisker(ctx, ends, y) {
    ctx.beginPath();
    ctx.moveTo(ends[0], y);
    ctx.lineTo(ends[1], y);
    for (const x of ends) {
      ctx.moveTo(x, y - 4);
      ctx.lineTo(x, y + 4);
    }
    ctx.stroke();
  }

  isDark.addEventListener('change', draw);
  draw();
})();
