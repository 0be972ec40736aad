"""One kustomization and everything below it, in kustomize's order of work (engines.md B1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from engine.errors import Unsupported
from engine.kustomize.config import EMPTY, TransformerConfig, parse_config
from engine.kustomize.crds import config_from_crds
from engine.kustomize.default_config import default_config, merged
from engine.kustomize.errors import BuildError
from engine.kustomize.fields import GENERATOR_FIELDS, TRANSFORMER_FIELDS
from engine.kustomize.files import Files, is_remote
from engine.kustomize.generators.objects import GENERATORS, with_global_options
from engine.kustomize.json_values import json_object
from engine.kustomize.kustomization import PLUGINS, find_file, parse_kustomization
from engine.kustomize.load import resources_from
from engine.kustomize.nodes import is_untouched, snapshot
from engine.kustomize.origin import ORIGIN, Origin, origin_path, record, set_origin
from engine.kustomize.resmap import ResMap
from engine.kustomize.resource import Resource
from engine.kustomize.shapes import Place
from engine.kustomize.transform.base import Transformer
from engine.kustomize.transform.registry import TRANSFORMERS
from engine.kustomize.transform.vars import Var, Vars

#: Fields that are refused, and why.
_REFUSED: Final = {
    "helmCharts": "Helm charts are not inflated inside kustomize, as Flux does not; use a HelmRelease",
    "helmChartInflationGenerator": "Helm charts are not inflated inside kustomize, as Flux does not; use a HelmRelease",
}


class Accumulator:
    """What has been gathered so far: resources, and the transformer configuration and vars that came with them."""

    __slots__ = ("config", "resources", "vars")

    def __init__(self, resources: ResMap) -> None:
        self.resources = resources
        self.config: TransformerConfig = EMPTY
        self.vars = Vars()

    def absorb(self, other: Accumulator) -> None:
        """Add what another kustomization has gathered."""
        self.resources.append_all(other.resources)
        self.config = merged(self.config, other.config)
        self.vars.merge(other.vars)


class Target:
    """A kustomization in its directory."""

    def __init__(self, files: Files, origin: Origin | None = None, build_metadata: Sequence[str] | None = None) -> None:
        self.files = files
        self.file = find_file(files.tree, files.root)
        content = files.tree.read(self.file)
        files.budget.read(len(content))
        self.fields = parse_kustomization(content, self.file, files.limits.yaml)
        self.build_metadata = self.fields.get("buildMetadata", []) if build_metadata is None else build_metadata
        self._origin = origin if origin is not None or not self.build_metadata else Origin()
        self._name = self.file.rpartition("/")[2]

    @property
    def kind(self) -> str:
        """Kustomization or Component."""
        return str(self.fields["kind"])

    def accumulate(self, gathered: Accumulator | None = None) -> Accumulator:
        """Do everything that this kustomization says; a component does it to what its parent has gathered."""
        for name, reason in _REFUSED.items():
            if self.fields.get(name):
                raise Unsupported(f"{self.file}, {name}: {reason}")
        self._choose_schemas()
        gathered = gathered or Accumulator(ResMap(self.files.budget))
        self._resources(gathered, self.fields.get("resources", ()), "resources")
        gathered.config = merged(gathered.config, self._configurations())
        self._generate(gathered)
        for path in self.fields.get("components", ()):
            self._directory(gathered, path, "components", self.files.directory(path, "components"))
        self._transform(gathered)
        self._validate(gathered)
        try:
            gathered.vars.bind(map(Var.parse, self.fields.get("vars", ())), gathered.resources)
        except BuildError as error:
            raise error.inside(self.file, field="vars") from error
        return gathered

    def _choose_schemas(self) -> None:
        chosen = self.fields.get("openapi", {})
        if chosen:
            self.files.schemas.check(chosen, self.file)
            path = chosen.get("path")
            document: Any = next(iter(self.files.documents(path, "openapi")), {}) if path else None
            source = self.files.path(path) if path else self.file
            self.files.schemas.use(document, source)

    def _resources(self, gathered: Accumulator, paths: Sequence[str], field: str) -> None:
        for path in paths:
            if not path:
                raise BuildError("an empty path", path=self.file, field=field, fix="remove it")
            if is_remote(path):
                fetched = self.files.fetch(path, field)
                if isinstance(fetched, bytes):
                    self._file(gathered, path, path, fetched)
                else:
                    self._directory(gathered, path, field, fetched)
            elif self.files.is_file(path):
                self._file(gathered, path, self.files.path(path), self.files.read(path, field))
            else:
                self._directory(gathered, path, field, self.files.directory(path, field))

    def _file(self, gathered: Accumulator, path: str, name: str, content: bytes) -> None:
        resources = resources_from(content, name, self.files.limits.yaml)
        self._note_types(resources)
        if self._origin is not None:
            origin = self._origin.joined(path).text()
            for resource in resources:
                resource.set_annotation(ORIGIN, origin)
        try:
            gathered.resources.append_all(resources)
        except BuildError as error:
            raise error.inside(self.file, field="resources", doing=f"merging resources from '{path}'") from error

    def _note_types(self, resources: list[Resource]) -> None:
        for resource in resources:
            self.files.schemas.scope(resource.gvk.api_version, resource.kind)

    def _directory(self, gathered: Accumulator, path: str, field: str, files: Files) -> None:
        origin = self._origin.joined(path) if self._origin is not None else None
        target = Target(files, origin, self.build_metadata)
        component = target.kind == "Component"
        if component is not (field == "components"):
            expected = "kind 'Component'" if field == "components" else "kind != 'Component'"
            raise BuildError(
                f"expected {expected} for path '{path}' but got '{target.kind}'",
                path=self.file,
                field=field,
                fix="list it under components" if component else "list it under resources",
            )
        if component:
            target.accumulate(gathered)
        else:
            try:
                gathered.absorb(target.accumulate())
            except BuildError as error:
                raise error.inside(self.file, field=field, doing=f"recursed merging from path '{path}'") from error

    def _configurations(self) -> TransformerConfig:
        config = EMPTY
        for path in self.fields.get("configurations", ()):
            for document in self.files.documents(path, "configurations"):
                config = config.merged(parse_config(document, self.files.path(path)))
        config = default_config().merged(config)
        for path in self.fields.get("crds", ()):
            for document in self.files.documents(path, "crds"):
                config = config.merged(config_from_crds(document, self.files.path(path)))
        return config

    def _generate(self, gathered: Accumulator) -> None:
        for name, plugin in GENERATOR_FIELDS:
            origin = self._origin.configured(self._name, plugin) if self._origin is not None else None
            for config in self.fields.get(name, ()):
                merged = with_global_options(config, self.fields.get("generatorOptions"))
                self._absorb(gathered, GENERATORS[plugin](merged, self.files), origin, name)
        for resource in self._plugins("generators"):
            generator = GENERATORS.get(resource.kind)
            if generator is None:
                raise _unknown_plugin(resource, self.file, "generators")
            made = generator(plugin_config(resource, self.file), self.files)
            self._absorb(gathered, made, _plugin_origin(resource), "generators")

    def _absorb(self, gathered: Accumulator, made: list[Resource], origin: Origin | None, field: str) -> None:
        for resource in made:
            if origin is not None and ORIGIN not in resource.annotations:
                set_origin(resource, origin)
        try:
            gathered.resources.absorb_all(made)
        except BuildError as error:
            raise error.inside(self.file, field=field, doing="merging from generator") from error

    def _transform(self, gathered: Accumulator) -> None:
        steps: list[tuple[Transformer, Origin | None]] = []
        for plugin, configurator in TRANSFORMER_FIELDS:
            origin = self._origin.configured(self._name, plugin) if self._origin is not None else None
            configs = configurator(self.fields, gathered.config)
            steps.extend((TRANSFORMERS[plugin](config, self.files), origin) for config in configs)
        steps.extend(self._plugin_transformers("transformers"))
        for transformer, origin in steps:
            self._apply(transformer, gathered.resources)
            if origin is not None:
                record(gathered.resources, origin)
            gathered.resources.drop_empty()

    def _plugin_transformers(self, field: str) -> Iterator[tuple[Transformer, Origin | None]]:
        for resource in self._plugins(field):
            factory = TRANSFORMERS.get(resource.kind)
            if factory is None:
                raise _unknown_plugin(resource, self.file, field)
            yield factory(plugin_config(resource, self.file), self.files), _plugin_origin(resource)

    def _validate(self, gathered: Accumulator) -> None:
        """Run the validators, which are transformers that may not change anything."""
        for validator, _ in self._plugin_transformers("validators"):
            before = [snapshot(resource.obj) for resource in gathered.resources]
            self._apply(validator, gathered.resources)
            after = [resource.obj for resource in gathered.resources]
            if len(before) != len(after) or not all(map(is_untouched, after, before)):
                raise BuildError(
                    "validator shouldn't modify the resource map", path=self.file, field="validators", fix="remove it"
                )

    def _apply(self, transformer: Transformer, resources: ResMap) -> None:
        resources.budget.visit(len(resources))
        try:
            transformer.apply(resources)
        except BuildError as error:
            raise error.inside(self.file) from error

    def _plugins(self, field: str) -> list[Resource]:
        """The plugin configurations of a field: inline, from files, or built by kustomizations."""
        gathered = Accumulator(ResMap(self.files.budget))
        paths = []
        for entry in self.fields.get(field, ()):
            inline = _inline(entry, self.file, self.files)
            if inline is None:
                paths.append(entry)
                continue
            if self._origin is not None:
                for resource in inline:
                    set_origin(resource, self._origin.joined(self._name))
            self._note_types(inline)
            gathered.resources.append_all(inline)
        self._resources(gathered, paths, field)
        for resource in gathered.resources:
            if resource.obj.get("apiVersion") != "builtin":
                raise Unsupported(
                    f"{self.file}, {field}: external plugins disabled; unable to load '{resource.kind}'",
                    fix="use a builtin transformer or generator",
                )
        return list(gathered.resources)


def _inline(entry: str, path: str, files: Files) -> list[Resource] | None:
    """The resources that an entry spells out, or None when it names a file or directory."""
    try:
        return resources_from(entry, path, files.limits.yaml)
    except BuildError:
        if "\n" in entry:
            raise
        return None


def plugin_config(resource: Resource, path: str) -> dict[str, Any]:
    """The configuration of a builtin plugin, read from the object that it stands in."""
    shape = PLUGINS[resource.kind]
    return shape.read(json_object(resource.obj), Place(path, resource.kind, strict=False))


def _plugin_origin(resource: Resource) -> Origin | None:
    if ORIGIN not in resource.annotations:
        return None
    return Origin(
        configured_in=origin_path(resource),
        api_version=resource.gvk.api_version,
        kind=resource.kind,
        name=resource.name,
        namespace=resource.namespace,
    )


def _unknown_plugin(resource: Resource, path: str, field: str) -> BuildError:
    return BuildError(
        f"unable to load builtin {resource.gvk}", path=path, field=field, fix="check its kind and apiVersion: builtin"
    )
