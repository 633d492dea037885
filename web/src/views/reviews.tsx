import type { ReviewItem, ReviewPage } from "../document";
import type { Model } from "../model";
import { Chip, dates, Empty, Line, Name, Words } from "../parts";
import { address } from "../route";

export function Reviews({ model }: { model: Model }) {
  const pages = model.doc.reviews;
  return (
    <section class="view reading">
      <header class="tools"><h1>Reviews</h1><span class="dim">one page for each reviewer, for print{model.doc.log && <>; use as in the log from {model.doc.log.since} to {model.doc.log.until}</>}</span></header>
      {!pages.length && <Empty>No <code>review</code> line asks for anything here.</Empty>}
      {pages.map((page) => <Page key={page.reviewer ?? ""} page={page} model={model} />)}
    </section>
  );
}

function Page({ page, model }: { page: ReviewPage; model: Model }) {
  return (
    <article class="page">
      <h2>{page.reviewer ? <Name of={page.reviewer} label={page.label} /> : "Nobody is named yet"}</h2>
      <p class="dim">{page.items.filter((each) => each.overdue).length} of {page.items.length} overdue on {model.doc.agenda.today}</p>
      {page.items.map((item) => <Item key={item.kind + item.name + item.every} item={item} model={model} />)}
      <p class="signature">reviewed on ____________ by ____________________</p>
    </article>
  );
}

function Item({ item, model }: { item: ReviewItem; model: Model }) {
  return (
    <section class="item">
      <h3>
        {item.kind} <Name of={item.name} label={item.label} />
        {item.overdue ? <Chip tone="bad">{item.due ? `overdue since ${item.due}` : "never reviewed"}</Chip> : <Chip>due {item.due}</Chip>}
      </h3>
      <p class="dim">every {item.every}, {item.last ? `last on ${item.last}` : "never yet"} <Line place={model.place(item.at)} /></p>
      {item.gives.length > 0 && <p>May {item.gives.map((each, n) => <span key={each}>{n > 0 && "; "}<Words text={each} /></span>)}.</p>}
      {item.holders.length === 0
        ? <p class="dim">{item.kind === "role" || item.kind === "group" ? "Nobody has it now." : "No role or group is theirs now."}</p>
        : (
          <div class="scrolling" tabIndex={0} role="region" aria-label={`Who holds ${item.name.slice(0, 80)}`}>
            <table class="plain">
              <thead><tr><th scope="col">who</th><th scope="col">by</th><th scope="col">when</th><th scope="col">why</th><th scope="col">approved by</th>{model.doc.log && <th scope="col">used</th>}<th scope="col">keep</th></tr></thead>
              <tbody>
                {item.holders.map((each, n) => (
                  <tr key={n}>
                    <th scope="row"><a href={address("person", each.id)}><Name of={each.id} label={each.label} /></a></th>
                    <td><Name of={each.source} /></td>
                    <td>{dates(each.since, each.until) || "always"}</td>
                    <td>{each.because ? <Words text={each.because} /> : <span class="dim">not said</span>}</td>
                    <td>{each.approved ? <Name of={each.approved} /> : <span class="dim">not said</span>}</td>
                    {each.used && <td class={each.used.count ? "" : "unused"}>{each.used.last ? `${each.used.count.toLocaleString("en")} ${each.used.count === 1 ? "time" : "times"}, last on ${each.used.last}` : "never"}</td>}
                    <td><span class="box" aria-hidden="true" /></td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
    </section>
  );
}
