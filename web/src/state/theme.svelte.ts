// Dark or light: the setting of the operating system, until the user chooses; the choice is stored in the browser.

type Name = "dark" | "light";
const KEY = "alpha-pulse.theme";

class Theme {
  name = $state<Name>(initial());

  constructor() {
    this.apply();
  }

  toggle(): void {
    this.name = this.name === "dark" ? "light" : "dark";
    localStorage.setItem(KEY, this.name);
    this.apply();
  }

  private apply(): void {
    document.documentElement.dataset.theme = this.name;
  }
}

function initial(): Name {
  const chosen = localStorage.getItem(KEY);
  if (chosen === "dark" || chosen === "light") return chosen;
  return matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
}

export const theme = new Theme();
