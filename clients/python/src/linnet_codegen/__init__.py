"""How ariadne-codegen is to read Linnet's schema, for the client's operations and for your own."""

import ast
from copy import deepcopy

from ariadne_codegen.plugins.base import Plugin
from graphql import (
    ExecutableDefinitionNode,
    FragmentDefinitionNode,
    GraphQLEnumType,
    Node,
    OperationDefinitionNode,
    is_interface_type,
)

__all__ = ["OpenTypes"]


class OpenTypes(Plugin):
    """Makes types that a newer server does not break: enums that may grow, and frames of kinds that are not known yet."""

    def generate_enum(self, class_def: ast.ClassDef, enum_type: GraphQLEnumType) -> ast.ClassDef:
        class_def.bases = [ast.Name("OpenEnum")]
        return class_def

    def generate_enums_module(self, module: ast.Module) -> ast.Module:
        module.body[0] = ast.ImportFrom("linnet_client.model", [ast.alias("OpenEnum")], 0)
        return module

    def generate_result_types_module(
        self, module: ast.Module, operation_definition: ExecutableDefinitionNode
    ) -> ast.Module:
        return self._opened(module)

    def generate_fragments_module(
        self, module: ast.Module, fragments_definitions: dict[str, FragmentDefinitionNode]
    ) -> ast.Module:
        return self._opened(module)

    def generate_client_module(self, module: ast.Module) -> ast.Module:
        """Streams are generators, so that whoever stops reading one can close it."""
        for method in (node for node in ast.walk(module) if isinstance(node, ast.AsyncFunctionDef)):
            match method.returns:
                case ast.Subscript(value=ast.Name(id="AsyncIterator"), slice=frame):
                    method.returns = ast.Subscript(
                        ast.Name("AsyncGenerator"), ast.Tuple([frame, ast.Constant(None)]), ast.Load()
                    )
        module.body.insert(0, ast.ImportFrom("collections.abc", [ast.alias("AsyncGenerator")], 0))
        return module

    def copy_code(self, copied_code: str) -> str:
        """Whoever generates, what types are made of is the client's."""
        if "class UnsetType" not in copied_code:
            return copied_code
        return """from linnet_client.model import UNSET, BaseModel, UnsetType

__all__ = ["UNSET", "BaseModel", "UnsetType"]
"""

    def process_name(self, name: str, node: Node | None = None) -> str:
        """Methods that a client has better ones for are its own."""
        wrapped = self.config_dict["tool"]["ariadne-codegen"].get("linnet_wrapped_operations", [])
        if isinstance(node, OperationDefinitionNode) and node.name and node.name.value in wrapped:
            return f"_{name}"
        return name

    def _opened(self, module: ast.Module) -> ast.Module:
        """Lets each choice between types of an interface take objects of types that are not known."""
        choices = _Choices(
            {
                class_def.name: interface
                for class_def in module.body
                if isinstance(class_def, ast.ClassDef)
                for interface in self._interfaces(class_def)
            }
        )
        # A copy: other plugins go by the classes as they were made.
        opened: ast.Module = choices.visit(deepcopy(module))
        if choices.are_there:
            opened.body.insert(0, ast.ImportFrom("typing", [ast.alias("Annotated")], 0))
            opened.body.insert(0, ast.ImportFrom("linnet_client.model", [ast.alias("unknown_as")], 0))
        return opened

    def _interfaces(self, class_def: ast.ClassDef) -> list[str]:
        """The interfaces among the types that a class stands for: what it says of their objects holds for unknown ones, too."""
        for statement in class_def.body:
            match statement:
                case ast.AnnAssign(target=ast.Name(id="typename__"), annotation=ast.Subscript(slice=literals)):
                    names = [node.id.strip('"') for node in ast.walk(literals) if isinstance(node, ast.Name)]
                    return [name for name in names if is_interface_type(self.schema.type_map.get(name))]
        return []


class _Choices(ast.NodeTransformer):
    """Finds unions whose members are told apart by their `__typename`."""

    def __init__(self, interfaces: dict[str, str]) -> None:
        self.interfaces = interfaces
        self.are_there = False

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AnnAssign:
        self.generic_visit(node)
        if node.value and _discriminates(node.value):
            node.annotation = ast.Subscript(
                ast.Name("Annotated"), ast.Tuple([node.annotation, self._unknown(node.annotation)]), ast.Load()
            )
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.Subscript:
        self.generic_visit(node)
        match node:
            case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[union, field])) if _discriminates(
                field
            ):
                node.slice = ast.Tuple([union, field, self._unknown(union)])
        return node

    def _unknown(self, union: ast.expr) -> ast.expr:
        names = [node.id.strip('"') for node in ast.walk(union) if isinstance(node, ast.Name)]
        interface = next(self.interfaces[name] for name in names if name in self.interfaces)
        self.are_there = True
        return ast.Call(ast.Name("unknown_as"), [ast.Constant(interface)], [])


def _discriminates(field: ast.expr) -> bool:
    return isinstance(field, ast.Call) and any(keyword.arg == "discriminator" for keyword in field.keywords)
