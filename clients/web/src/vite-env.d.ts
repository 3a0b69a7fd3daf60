interface ImportMetaEnv {
  /** Where the API is, if not where the page comes from: `https://chat.example.org/`. */
  readonly VITE_LINNET_URL?: string;
}
