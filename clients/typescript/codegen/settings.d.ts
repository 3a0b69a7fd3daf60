/**
 * The settings that make types without `any`, and code that a newer server doesn't break: give them as `config` to
 * graphql-codegen.
 */
export declare const settings: {
  strictScalars: true;
  scalars: Record<'ID' | 'Cursor' | 'Date' | 'DateTime' | 'JSON', string>;
  enumType: 'string-literal';
  futureProofEnums: true;
  documentMode: 'string';
  skipTypename: true;
  skipTypeNameForRoot: true;
  useTypeImports: true;
};

/** Takes the one `any` away that is left in what is generated, and lets bundlers drop what nobody uses: give it as `hooks`. */
export declare const hooks: { beforeOneFileWrite: (path: string, content: string) => string };
