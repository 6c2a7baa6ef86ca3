import { Entrance } from "../parts/page";
import { words } from "../words";

export function NotFound() {
  return (
    <Entrance title={words.common.notFoundTitle}>
      <p>{words.common.notFound}</p>
      <a class="button primary" href="/dashboard">
        {words.common.home}
      </a>
    </Entrance>
  );
}
