// How graphql-codegen is to read Linnet's schema, for this package and for yours:
//
//   import { hooks, settings } from '@linnet/client/codegen';
//   export default { schema: …, documents: …, hooks, generates: { 'src/graphql/': { preset: 'client', config: settings } } };

/** The settings that make types without `any`, and code that a newer server doesn't break. */
export const settings = {
  // A scalar that is not named here is an error, rather than `any`.
  strictScalars: true,
  scalars: {
    ID: 'string',
    Cursor: '@linnet/client#Cursor',
    Date: '@linnet/client#CalendarDate',
    DateTime: '@linnet/client#DateTime',
    JSON: '@linnet/client#JsonValue',
  },
  // Enums are unions of strings, with a member for what they may grow by: a `switch` has to have a `default`.
  enumType: 'string-literal',
  futureProofEnums: true,
  // Documents are texts, which need no printer where they are used, and are a tenth of the size.
  documentMode: 'string',
  skipTypename: true,
  skipTypeNameForRoot: true,
  useTypeImports: true,
};

/**
 * The class of a document, as it is generated, has an `any` in it that nothing needs; and bundlers are to drop documents that
 * nobody uses.
 */
export const hooks = {
  beforeOneFileWrite: (_path, content) =>
    content
      .replaceAll('Record<string, any>', 'Record<string, unknown>')
      .replaceAll('= new TypedDocumentString(', '= /*#__PURE__*/ new TypedDocumentString('),
};
