//! The tables as Diesel sees them. Changed together with both migration folders; a test compares the three.
//! Longer than other files, because it is one list: what one looks for in it is found by the name of its table.

diesel::table! {
    companies (id) {
        id -> Text,
        name -> Text,
        created_at -> Timestamp,
        closing_at -> Nullable<Timestamp>,
        deleting_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    connections (id) {
        id -> Text,
        company_id -> Text,
        kind -> Text,
        name -> Text,
        settings -> Text,
        paused -> Bool,
        created_at -> Timestamp,
        last_seen_at -> Nullable<Timestamp>,
        problem_code -> Nullable<Text>,
        problem_detail -> Nullable<Text>,
        problem_remedy -> Nullable<Text>,
        problem_at -> Nullable<Timestamp>,
        deleted_at -> Nullable<Timestamp>,
        paused_before -> Nullable<Bool>,
        tenant -> Nullable<Text>,
    }
}

diesel::table! {
    desktop_files (connection_id) {
        connection_id -> Text,
        username -> Text,
        password_hash -> Binary,
        owner_id -> Text,
        file_id -> Text,
        pinned_by_file_id -> Bool,
        pinned_name -> Nullable<Text>,
        pinned_path -> Nullable<Text>,
        qbxml_version -> Nullable<Text>,
        signed_in_at -> Nullable<Timestamp>,
        rivals -> Integer,
        rival_at -> Nullable<Timestamp>,
        any_file_id -> Bool,
        doubted_name -> Nullable<Text>,
        doubted_path -> Nullable<Text>,
    }
}

diesel::table! {
    lists (connection_id, list) {
        connection_id -> Text,
        list -> Text,
        revision -> BigInt,
        high_water -> Nullable<Text>,
        last_started_at -> Nullable<Timestamp>,
        last_complete_at -> Nullable<Timestamp>,
        last_full_at -> Nullable<Timestamp>,
        refused -> Nullable<Text>,
        refused_at -> Nullable<Timestamp>,
        unjudged_at -> Nullable<Timestamp>,
        unjudged_full -> Nullable<Bool>,
        unjudged_code -> Nullable<Text>,
        unjudged_detail -> Nullable<Text>,
        unjudged_remedy -> Nullable<Text>,
        runs_complete -> BigInt,
        runs_held -> BigInt,
        runs_failed -> BigInt,
        told_at -> Nullable<Timestamp>,
        told_received_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    records (id) {
        id -> Text,
        company_id -> Text,
        connection_id -> Text,
        list -> Text,
        external_id -> Text,
        content_hash -> Binary,
        version -> Integer,
        sort_name -> Text,
        search_text -> Text,
        name -> Text,
        full_name -> Nullable<Text>,
        first_name -> Nullable<Text>,
        middle_name -> Nullable<Text>,
        last_name -> Nullable<Text>,
        company_name -> Nullable<Text>,
        email -> Nullable<Text>,
        phone -> Nullable<Text>,
        job_title -> Nullable<Text>,
        parent_external_id -> Nullable<Text>,
        sublevel -> Integer,
        active -> Bool,
        hired_on -> Nullable<Date>,
        released_on -> Nullable<Date>,
        releases_on -> Nullable<Date>,
        source_created_at -> Nullable<Text>,
        source_modified_at -> Nullable<Text>,
        absent_at -> Nullable<Timestamp>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        number -> Nullable<Text>,
        department -> Nullable<Text>,
        details -> Nullable<Text>,
    }
}

diesel::table! {
    record_versions (record_id, version) {
        record_id -> Text,
        version -> Integer,
        content -> Text,
        superseded_at -> Timestamp,
    }
}

diesel::table! {
    runs (id) {
        id -> Text,
        company_id -> Text,
        connection_id -> Text,
        list -> Text,
        mode -> Text,
        state -> Text,
        created_at -> Timestamp,
        started_at -> Nullable<Timestamp>,
        updated_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
        received -> BigInt,
        created -> BigInt,
        updated -> BigInt,
        unchanged -> BigInt,
        absent -> BigInt,
        present_before -> BigInt,
        reconciled -> Bool,
        high_water -> Nullable<Text>,
        code -> Nullable<Text>,
        detail -> Nullable<Text>,
        remedy -> Nullable<Text>,
        decision -> Nullable<Text>,
        decided_at -> Nullable<Timestamp>,
        decided_by_kind -> Nullable<Text>,
        decided_by_id -> Nullable<Text>,
        decided_by_name -> Nullable<Text>,
        progress -> Nullable<Text>,
        to_mark -> Nullable<BigInt>,
    }
}

diesel::table! {
    run_seen (run_id, batch) {
        run_id -> Text,
        batch -> Integer,
        seen -> Binary,
    }
}

diesel::table! {
    run_absences (run_id, record_id) {
        run_id -> Text,
        record_id -> Text,
    }
}

diesel::table! {
    qbwc_sessions (ticket_hash) {
        ticket_hash -> Binary,
        connection_id -> Text,
        state -> Text,
        revision -> BigInt,
        plan -> Text,
        created_at -> Timestamp,
        last_seen_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    apps (id) {
        id -> Text,
        name -> Text,
        admin -> Bool,
        created_at -> Timestamp,
        scopes -> Text,
    }
}

diesel::table! {
    app_companies (app_id, company_id) {
        app_id -> Text,
        company_id -> Text,
    }
}

diesel::table! {
    tokens (id) {
        id -> Text,
        app_id -> Text,
        token_hash -> Binary,
        created_at -> Timestamp,
        revoked_at -> Nullable<Timestamp>,
        name -> Nullable<Text>,
        scopes -> Text,
        expires_at -> Nullable<Timestamp>,
        last_used_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    profiles (id) {
        id -> Text,
        app_id -> Text,
        list -> Text,
        profile_id -> Text,
        company_id -> Text,
        name -> Text,
        email -> Nullable<Text>,
        sort_name -> Text,
        search_text -> Text,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        details -> Nullable<Text>,
    }
}

diesel::table! {
    links (id) {
        id -> Text,
        app_id -> Text,
        profile_key -> Text,
        record_id -> Text,
        connection_id -> Text,
        company_id -> Text,
        list -> Text,
        linked_at -> Timestamp,
        sort_name -> Text,
        linked_by_kind -> Text,
        linked_by_id -> Nullable<Text>,
    }
}

diesel::table! {
    changes (company_id, position) {
        company_id -> Text,
        position -> BigInt,
        at -> Timestamp,
        kind -> Text,
        list -> Text,
        record_id -> Nullable<Text>,
        external_id -> Nullable<Text>,
        connection_id -> Nullable<Text>,
        version -> Nullable<Integer>,
        app_id -> Nullable<Text>,
        profile_id -> Nullable<Text>,
        run_id -> Nullable<Text>,
        actor -> Nullable<Text>,
        actor_kind -> Nullable<Text>,
        actor_id -> Nullable<Text>,
    }
}

diesel::table! {
    feed_positions (company_id) {
        company_id -> Text,
        last -> BigInt,
        forgotten -> BigInt,
    }
}

diesel::table! {
    feed_epoch (id) {
        id -> Integer,
        epoch -> Text,
    }
}

diesel::table! {
    secret_keys (id) {
        id -> Text,
        current -> Bool,
        created_at -> Timestamp,
    }
}

diesel::table! {
    connection_secrets (connection_id, name) {
        connection_id -> Text,
        name -> Text,
        key_id -> Text,
        sealed -> Binary,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    polls (connection_id) {
        connection_id -> Text,
        next_at -> Timestamp,
        failures -> Integer,
        last_ok_at -> Nullable<Timestamp>,
        memory -> Nullable<Text>,
        lease -> BigInt,
        leased_by -> Nullable<Text>,
        leased_at -> Nullable<Timestamp>,
        leased_until -> Nullable<Timestamp>,
        planned_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    rate_limits (id) {
        id -> Text,
        arrival_at -> Timestamp,
        closed_until -> Nullable<Timestamp>,
    }
}

diesel::table! {
    inbox (id) {
        id -> Text,
        connection_id -> Text,
        message_id -> Text,
        event -> Text,
        state -> Text,
        body -> Nullable<Text>,
        received_at -> Timestamp,
        updated_at -> Timestamp,
        pending_since -> Timestamp,
        attempts -> Integer,
        next_at -> Timestamp,
        code -> Nullable<Text>,
        detail -> Nullable<Text>,
        remedy -> Nullable<Text>,
        told_at -> Nullable<Timestamp>,
        content_hash -> Nullable<Binary>,
    }
}

diesel::table! {
    sealed_messages (inbox_id) {
        inbox_id -> Text,
        sealed -> Binary,
        kept_until -> Timestamp,
    }
}

diesel::table! {
    told (connection_id, list, external_id) {
        connection_id -> Text,
        list -> Text,
        external_id -> Text,
        told_at -> Timestamp,
        received_at -> Timestamp,
        removed -> Bool,
    }
}

diesel::table! {
    hooks (connection_id) {
        connection_id -> Text,
        last_received_at -> Nullable<Timestamp>,
        verification_code -> Nullable<Text>,
        verification_at -> Nullable<Timestamp>,
        subscribed -> Bool,
        checked_at -> Nullable<Timestamp>,
        lease -> BigInt,
        leased_by -> Nullable<Text>,
        leased_until -> Nullable<Timestamp>,
        served_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    inbox_clocks (connection_id) {
        connection_id -> Text,
        latest -> Timestamp,
    }
}

diesel::table! {
    search_lists (seq) {
        seq -> BigInt,
        connection_id -> Text,
        list -> Text,
    }
}

diesel::table! {
    search_pending (seq) {
        seq -> BigInt,
        search_list -> BigInt,
        count -> Integer,
        record_ids -> Text,
    }
}

diesel::table! {
    search_entries (seq) {
        seq -> BigInt,
        record_id -> Text,
    }
}

diesel::table! {
    duties (name) {
        name -> Text,
        next_at -> Timestamp,
        lease -> BigInt,
        leased_by -> Nullable<Text>,
        leased_until -> Nullable<Timestamp>,
    }
}

diesel::table! {
    workers (gateway, name) {
        gateway -> Text,
        name -> Text,
        state -> Text,
        runs -> BigInt,
        failures -> BigInt,
        panics -> BigInt,
        last_began_at -> Nullable<Timestamp>,
        last_ended_at -> Nullable<Timestamp>,
        last_result -> Nullable<Text>,
        next_at -> Nullable<Timestamp>,
        failing_since -> Nullable<Timestamp>,
        code -> Nullable<Text>,
        detail -> Nullable<Text>,
        remedy -> Nullable<Text>,
        reported_at -> Timestamp,
    }
}

diesel::table! {
    write_checks (id) {
        id -> Integer,
        count -> BigInt,
    }
}

diesel::table! {
    audit (chain, seq) {
        chain -> Text,
        seq -> BigInt,
        at -> Timestamp,
        actor_kind -> Text,
        actor_id -> Nullable<Text>,
        action -> Text,
        object_kind -> Text,
        object_id -> Text,
        members -> Text,
        request_id -> Nullable<Text>,
        address -> Nullable<Text>,
        credential -> Nullable<Text>,
        key_id -> Text,
        hash -> Binary,
    }
}

diesel::table! {
    audit_heads (chain) {
        chain -> Text,
        last -> BigInt,
        hash -> Binary,
        begins -> BigInt,
        before -> Binary,
    }
}

diesel::table! {
    audit_keys (id) {
        id -> Text,
        sealed_with -> Text,
        sealed -> Binary,
    }
}

diesel::table! {
    accounts (id) {
        id -> Text,
        email -> Text,
        email_key -> Text,
        name -> Text,
        role -> Text,
        active -> Bool,
        password_hash -> Nullable<Text>,
        password_changed_at -> Nullable<Timestamp>,
        totp_sealed -> Nullable<Binary>,
        totp_last_step -> Nullable<BigInt>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        own_email -> Bool,
        short_password -> Bool,
    }
}

diesel::table! {
    account_companies (account_id, company_id) {
        account_id -> Text,
        company_id -> Text,
    }
}

diesel::table! {
    account_sessions (id) {
        id -> Text,
        account_id -> Text,
        secret_hash -> Binary,
        created_at -> Timestamp,
        last_seen_at -> Timestamp,
        authenticated_at -> Timestamp,
        method -> Text,
        address -> Nullable<Text>,
        user_agent -> Nullable<Text>,
    }
}

diesel::table! {
    account_tokens (id) {
        id -> Text,
        account_id -> Text,
        token_hash -> Binary,
        name -> Nullable<Text>,
        scopes -> Text,
        created_at -> Timestamp,
        expires_at -> Nullable<Timestamp>,
        revoked_at -> Nullable<Timestamp>,
        last_used_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    quicklinks (id) {
        id -> Text,
        token_hash -> Binary,
        account_id -> Text,
        company_id -> Text,
        app_id -> Nullable<Text>,
        connection_id -> Nullable<Text>,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        revoked_at -> Nullable<Timestamp>,
        uses -> BigInt,
        last_used_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    one_time_links (id) {
        id -> Text,
        token_hash -> Binary,
        purpose -> Text,
        account_id -> Nullable<Text>,
        created_at -> Timestamp,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    account_secrets (account_id, name) {
        account_id -> Text,
        name -> Text,
        key_id -> Text,
        sealed -> Binary,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    gateway_keys (name) {
        name -> Text,
        key_id -> Text,
        sealed -> Binary,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    connection_accounts (connection_id) {
        connection_id -> Text,
        account_id -> Text,
    }
}

diesel::table! {
    sign_in_tries (id) {
        id -> Binary,
        failures -> BigInt,
        last_at -> Timestamp,
        free_at -> Timestamp,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    totp_offers (account_id) {
        account_id -> Text,
        sealed -> Binary,
        created_at -> Timestamp,
    }
}

diesel::table! {
    recovery_codes (account_id, code_hash) {
        account_id -> Text,
        code_hash -> Binary,
    }
}

diesel::table! {
    account_identities (issuer, subject) {
        issuer -> Text,
        subject -> Text,
        account_id -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    used_oidc_states (state_hash) {
        state_hash -> Binary,
        expires_at -> Timestamp,
    }
}

diesel::joinable!(account_sessions -> accounts (account_id));
diesel::joinable!(account_companies -> accounts (account_id));
diesel::joinable!(account_tokens -> accounts (account_id));
diesel::joinable!(links -> profiles (profile_key));
diesel::joinable!(links -> records (record_id));
diesel::joinable!(links -> apps (app_id));
diesel::joinable!(run_absences -> records (record_id));
diesel::joinable!(runs -> connections (connection_id));
diesel::joinable!(search_lists -> connections (connection_id));
diesel::joinable!(search_pending -> search_lists (search_list));
diesel::joinable!(app_companies -> apps (app_id));
diesel::joinable!(tokens -> apps (app_id));
diesel::joinable!(quicklinks -> accounts (account_id));
diesel::joinable!(connection_accounts -> accounts (account_id));
diesel::joinable!(desktop_files -> connections (connection_id));

diesel::allow_tables_to_appear_in_same_query!(
    account_companies,
    account_identities,
    account_secrets,
    account_sessions,
    account_tokens,
    accounts,
    app_companies,
    apps,
    audit,
    audit_heads,
    audit_keys,
    changes,
    companies,
    connection_accounts,
    connection_secrets,
    connections,
    desktop_files,
    feed_epoch,
    feed_positions,
    gateway_keys,
    hooks,
    inbox,
    inbox_clocks,
    links,
    lists,
    one_time_links,
    polls,
    profiles,
    qbwc_sessions,
    quicklinks,
    rate_limits,
    record_versions,
    records,
    recovery_codes,
    run_absences,
    run_seen,
    runs,
    sealed_messages,
    search_entries,
    search_lists,
    search_pending,
    secret_keys,
    sign_in_tries,
    tokens,
    told,
    totp_offers,
    used_oidc_states,
    write_checks,
);
