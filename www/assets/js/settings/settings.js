// What belongs to the person who is signed in: what was used, what may be used, and the keys.

import { KeysView } from "./keys.js";
import { GroupUsageView } from "./groupusage.js";
import { LimitsView } from "./limits.js";
import { UsageView } from "./usage.js";
import { el } from "../dom.js";
import { start } from "../frame.js";
import { t } from "../i18n.js";
import { tabs } from "../console/tabs.js";

start({
    page: "settings", keys: ["user", "client", "admin"],
    view(main) {
        main.classList.add("console", "settings");
        main.append(el("h1", {}, t("settings.title")));
        main.append(tabs(t("settings.sections"), [
            { id: "usage", label: t("settings.usage"), view: usageAndLimits },
            { id: "keys", label: t("settings.keys"), view: () => new KeysView() },
        ]).element);
    },
});

function usageAndLimits() {
    const [limits, usage, groups] = [new LimitsView(), new UsageView(), new GroupUsageView()];
    return {
        element: el("div", { class: "stack" }, limits.element, usage.element, groups.element),
        shown() {
            limits.shown();
            usage.shown();
            groups.shown();
        },
        hidden: () => limits.hidden(),
    };
}
