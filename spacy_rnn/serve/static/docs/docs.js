// The API as a page, made of openapi.json: nothing is loaded from anywhere else.

const make = (name, text = "", ...children) => {
  const element = document.createElement(name);
  element.textContent = text;
  element.append(...children);
  return element;
};

const refers = schema => schema?.$ref?.split("/").pop();

/** The type of a field in a few words. */
const typeOf = schema => {
  if (refers(schema)) return refers(schema);
  if (schema.enum) return schema.enum.map(value => JSON.stringify(value)).join(" or ");
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" or ");
  if (schema.type === "array") return `list of ${typeOf(schema.items)}`;
  const limits = Object.entries({
    minimum: "≥", exclusiveMinimum: ">", maximum: "≤", exclusiveMaximum: "<",
    minLength: "length ≥", maxLength: "length ≤",
  }).filter(([name]) => name in schema).map(([name, sign]) => `${sign} ${schema[name]}`);
  return [schema.type ?? "anything", ...limits].join(" ");
};

const tableOf = schema => {
  const body = make("tbody");
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const start = schema.required?.includes(name) || !("default" in field)
      ? "" : JSON.stringify(field.default);
    body.append(make("tr", "", make("td", "", make("code", name)), make("td", typeOf(field)),
      make("td", start), make("td", field.description ?? "")));
  }
  const head = make("tr", "", ...["field", "type", "default", "meaning"].map(text => {
    const cell = make("th", text);
    cell.scope = "col";
    return cell;
  }));
  return make("table", "", make("thead", "", head), body);
};

/** A schema and all that it is made of, each once. */
const partsOf = (schema, schemas, found = new Map()) => {
  for (const name of JSON.stringify(schema ?? {}).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
    if (!found.has(name[1])) {
      found.set(name[1], schemas[name[1]]);
      partsOf(schemas[name[1]], schemas, found);
    }
  }
  for (const each of schema?.oneOf ?? []) found.set(each.title, each);
  return found;
};

const show = ({paths, components}) => {
  const place = document.querySelector("#paths");
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      place.append(make("h2", "", make("code", `${method.toUpperCase()} ${path}`)));
      place.append(make("p", operation.description ?? operation.summary));
      if (operation.parameters) {
        const fields = operation.parameters.map(({name, schema, description}) =>
          [name, {description, ...schema}]);
        const required = operation.parameters.filter(each => each.required).map(each => each.name);
        place.append(make("h3", "Query"),
          tableOf({properties: Object.fromEntries(fields), required}));
      }
      const sent = Object.values(operation.requestBody?.content ?? {})[0]?.schema;
      const got = Object.values(operation.responses["200"].content ?? {})[0]?.schema;
      for (const [title, schema] of [["Request", sent], ["Answer", got]]) {
        for (const [name, part] of partsOf(schema, components.schemas)) {
          place.append(make("h3", `${title}: ${name}`));
          if (part.description) place.append(make("p", part.description));
          place.append(tableOf(part));
        }
      }
    }
  }
};

document.querySelector("#address").textContent = location.origin;
fetch("../openapi.json").then(answer => answer.json()).then(show)
  .then(() => { document.body.dataset.ready = "true"; });
