"""Español."""

from __future__ import annotations

from wipsie.slices.vault.domain.catalogue.texts import Texts, TypeText

SPANISH = Texts(
    welcome=(
        "¡Hola! Envíame informes médicos en PDF o foto. Los guardo bien y los encuentro cuando los necesites.\n\n"
        "• Qué se guarda: tus archivos, y la fecha, el hospital y el tipo que tú confirmes.\n"
        "• Dónde: cifrado, con {keeper}. WhatsApp (Meta) puede conservar mensajes y archivos hasta 30 días.\n"
        "• Tú decides cuándo borrar: BORRAR para un informe, ALTO para terminar y borrarlo todo.\n\n"
        "No doy consejos médicos. No se abre nada antes de que aceptes. ¿Aceptas?"
    ),
    welcome_outdated="Nuestro texto de privacidad ha cambiado desde que lo aceptaste. Míralo, por favor.",
    welcome_files="Lo que enviaste está aquí y espera sin abrir.",
    agree="Acepto",
    agree_words=("acepto", "de acuerdo", "sí", "vale", "ok", "1"),
    not_now="Ahora no",
    privacy_button="Privacidad",
    agreed="Gracias. Envíame un informe cuando quieras, en PDF o foto. AYUDA muestra lo que sé hacer.",
    agreed_files="Gracias. Estoy mirando lo que enviaste.",
    declined="Está bien. No se abrió nada; lo que enviaste se borra en menos de un día. Escribe de nuevo cuando quieras.",
    privacy=(
        "*Privacidad, versión {version}*\n\n"
        "*Qué se guarda:* los archivos que envías; la fecha, el hospital, el tipo, la persona y la nota que confirmas; palabras de "
        "los informes, para que puedas buscar; un registro de lo que se hizo con tus informes, quién y cuándo.\n\n"
        "*Dónde:* con {keeper}. Cada archivo está cifrado con una clave propia. No se pasa nada a nadie, salvo que compartas un "
        "enlace.\n\n"
        "*WhatsApp:* lo que escribes o envías aquí pasa por WhatsApp. Meta puede conservarlo hasta 30 días, y queda en tu propio "
        "chat hasta que lo borres allí.\n\n"
        "*Borrar:* BORRAR y un número oculta un informe enseguida; a los {deleted_days} días se destruye su clave y nadie puede "
        "abrirlo más. ALTO lo termina todo: tus informes se borran a los {erase_days} días, o enseguida si lo deseas.\n\n"
        "*Tuyo:* EXPORTAR te da todos los informes para llevártelos. HISTORIAL muestra quién abrió qué. PIN protege tus informes "
        "si cambia tu número.\n\n"
        "Guardo y encuentro informes. No los interpreto, y no doy consejos médicos."
    ),
    keeper="quienes llevan este número",
    stopped=(
        "He parado. Ya no se lee ni se guarda nada. Tus informes guardados se borran el {day}, salvo que aceptes de nuevo antes. "
        "Puedes llevártelos, o borrarlos ahora."
    ),
    stopped_empty="He parado. No hay nada tuyo guardado. Escribe de nuevo cuando quieras.",
    export_button="Exportar",
    erase_button="Borrar todo",
    erase_question="¿Borrar ahora todos tus informes? Nadie podrá deshacerlo.",
    erased="Todo lo tuyo está borrado. Cuídate. Escribe de nuevo cuando quieras.",
    a_photo="Tu foto",
    a_file="Tu archivo",
    still_working="Sigo leyendo tu archivo. Un momento, por favor.",
    takes_long="Esto tarda más de lo debido. Tu archivo está a salvo; te escribo en cuanto esté revisado.",
    delayed="Ahora mismo no puedo revisar archivos. El tuyo está a salvo, y sigo por mi cuenta en cuanto pueda.",
    reading_now="Sigo leyendo tu archivo. Un momento, por favor. CANCELAR lo detiene.",
    not_kept="{file} no se guardó: {reason}",
    refusals={
        "incomplete": "no llegó completo. Envíalo de nuevo como documento, por favor.",
        "kind": "guardo archivos PDF y fotos (JPEG, PNG). Envíalo en uno de esos formatos, por favor.",
        "large": "pesa más de {mb} MB. Envía uno más pequeño, por favor.",
        "mismatch": "no es lo que dice su nombre. Envía el PDF o la foto original, por favor.",
        "long": "tiene demasiadas páginas o es una imagen demasiado grande. Envíalo por partes, por favor.",
        "virus": "el antivirus encontró algo en él. No lo envíes de nuevo, por favor.",
        "locked": "está protegido de un modo que no puedo abrir. Envíalo sin protección, por favor.",
        "gone": "WhatsApp ya no lo tiene. Envíalo de nuevo, por favor.",
        "quota": "tu espacio está lleno. Con BORRAR haces sitio.",
        "other": "no pude leerlo. Envíalo de nuevo, como documento, por favor.",
    },
    files_waiting=("{count} archivo más está esperando.", "{count} archivos más están esperando."),
    waiting_full="Ya esperan {count} archivos. Termina esos primero, y luego envía los demás de nuevo, por favor.",
    files_limit="Enviaste {count} archivos en una hora, y no acepto más. Envía los demás más tarde, por favor.",
    quota_full="Tu espacio está lleno, y no pude aceptar este archivo. Con BORRAR haces sitio.",
    not_accepted="Guardo archivos PDF y fotos de informes. Esto no puedo guardarlo. AYUDA muestra lo que sé hacer.",
    too_large="Ese archivo pesa más de 100 MB, y WhatsApp no lo pasó. Envía uno más pequeño, por favor.",
    locked_question="{file} está protegido. Envía su contraseña, por favor.",
    locked_wrong="Con eso no se abrió. Envía la contraseña otra vez, por favor.",
    locked_failed="{file} no se pudo abrir, y no se guardó. Envíalo de nuevo sin contraseña, por favor.",
    duplicate="Esto ya lo guardaste el {day}, como informe {number}.",
    duplicate_undated="Esto ya lo guardaste, como informe {number}.",
    show_it="Mostrar",
    keep_both="Guardar ambos",
    discard="Descartar",
    grouping="{count} fotos: ¿son páginas de un solo informe?",
    one_report="Un informe",
    separate="Por separado",
    to_stop="CANCELAR para terminar",
    choose="Elegir",
    yes_words=("sí", "s", "claro", "vale", "ok", "okay"),
    no_words=("no", "n"),
    skip_words=("omitir", "saltar", "ninguno", "ninguna", "no sé", "desconocido"),
    skip="Omitir",
    date_question="¿De qué fecha es este informe? Por ejemplo: 3 nov 2025",
    date_question_guess="¿De qué fecha es este informe? También puedes escribirla, por ejemplo: 3 nov 2025",
    date_which="¿Qué día quieres decir?",
    date_future="Ese día aún no ha llegado. Compruébalo, por favor, por ejemplo: 3 nov 2025",
    date_impossible="Ese día no existe en el calendario. Compruébalo, por favor, por ejemplo: 3 nov 2025",
    date_before_birth="Eso es antes de que nacieras. Compruébalo, por favor, por ejemplo: 3 nov 2025",
    date_incomplete="Escribe la fecha con mes y año, por favor, por ejemplo: 3 nov 2025 o nov 2025",
    date_unclear="No pude leer eso como fecha. Escríbela así, por favor: 3 nov 2025",
    use_today="Usar hoy",
    skip_date="Omitir fecha",
    hospital_question="¿De qué hospital, laboratorio o médico es?",
    hospital_question_guess="¿De qué hospital, laboratorio o médico es? Elige, o escribe el nombre.",
    hospital_length="Escribe un nombre de 2 a 80 letras, por favor.",
    hospital_meant="¿Quieres decir {name}?",
    yes="Sí",
    keep_mine="No, como lo escribí",
    type_question="¿Qué tipo de informe es?",
    type_unknown="Elige un tipo de la lista, por favor, o escribe uno de ellos.",
    types={
        "blood_test": TypeText("Análisis de sangre", "Sangre, orina, valores de laboratorio"),
        "imaging": TypeText("Imágenes", "Radiografía, TAC, resonancia, ecografía"),
        "prescription": TypeText("Receta", "Lo que recetó un médico"),
        "discharge_summary": TypeText("Informe de alta", "Después de una estancia en el hospital"),
        "vaccination": TypeText("Vacunación", "Vacunas y certificados"),
        "bill": TypeText("Factura, seguro", "Facturas, recibos, reclamaciones"),
        "other": TypeText("Otro", "Todo lo demás"),
    },
    person_question="¿Para quién es este informe? Escribe un nombre.",
    person_length="Escribe un nombre de 60 letras como máximo, por favor.",
    for_me="Para mí",
    me_words=("yo", "mí", "para mí", "mío"),
    note_question="¿Qué anoto con él? Hasta 200 letras.",
    note_length="Es demasiado largo. Usa 200 letras como máximo, por favor.",
    no_note="Sin nota",
    card_title="Comprueba los datos",
    card_title_edit="Informe {number}: comprueba los datos",
    card_person="Para: {person}",
    card_note="Nota: {note}",
    card_pages=("{count} página", "{count} páginas"),
    card_hidden="El hospital y el tipo están anotados, y no se muestran en el chat.",
    no_date="sin fecha",
    no_hospital="sin hospital",
    no_type="sin tipo",
    save="Guardar",
    save_words=("guardar", "guarda", "guárdalo"),
    change="Cambiar",
    cancel="Cancelar",
    change_question="¿Qué cambio?",
    slot_date="Fecha",
    slot_hospital="Hospital",
    slot_type="Tipo",
    slot_person="Para quién",
    slot_note="Nota",
    slot_words={
        "date": ("fecha", "día"),
        "hospital": ("hospital", "clínica", "laboratorio"),
        "type": ("tipo",),
        "person": ("para quién", "para", "persona"),
        "note": ("nota", "comentario"),
    },
    saved="Guardado como informe {number}.",
    saved_next="Guardado como informe {number}. El siguiente archivo:",
    changed="El informe {number} está cambiado.",
    first_hint="VER y su número lo trae de vuelta, LISTA los muestra todos, AYUDA muestra qué más sé hacer.",
    being_saved="Se está guardando ahora mismo. Después puedes BORRAR el informe.",
    save_failed="Aún no está guardado. Conservo tu archivo y sigo intentándolo.",
    already_saved="Ese ya está guardado, como informe {number}.",
    cancelled="Descartado. No se guardó nada de ello.",
    cancelled_edit="El informe {number} queda como estaba.",
    cancelled_waiting=(
        "Descartado. {count} archivo más está esperando.",
        "Descartado. {count} archivos más están esperando.",
    ),
    next_file="Siguiente archivo",
    discard_all="Descartar todos",
    discarded="Todos los archivos que esperaban están descartados.",
    nothing_open="No hay nada que cancelar. Envíame un informe, o AYUDA.",
    paused="Tu informe aún no está guardado. Lo conservo un día. ¿Seguimos?",
    resume="Seguir",
    out_of_date="Esa tarjeta ya no vale.",
    out_of_date_idle="Esa tarjeta ya no vale. Envíame un informe, o LISTA para ver los tuyos.",
    repeat_please="Esto tardó mucho en llegarme. Envíalo de nuevo, por favor, si aún lo quieres.",
    finish_first="Terminemos primero este.",
    not_understood="No lo entendí. Envíame un informe en PDF o foto, o AYUDA.",
    help=(
        "*Envía* un PDF o una foto para guardarlo.\n\n"
        "*LISTA* muestra tus informes; LISTA 2025, LISTA SANGRE\n"
        "*VER 12* abre el informe 12{file}\n"
        "*BUSCAR* y palabras\n"
        "*EDITAR 12* cambia fecha, hospital, tipo\n"
        "*COMPARTIR 12* crea un enlace para tu médico\n"
        "*BORRAR 12*, *DESHACER*\n"
        "*HISTORIAL* muestra lo que se hizo\n"
        "*EXPORTAR* te lo da todo\n"
        "*PIN* protege tus informes\n"
        "*IDIOMA* cambia el idioma\n"
        "*PRIVACIDAD*, *ALTO*, *CANCELAR*"
    ),
    help_file="; VER 12 ARCHIVO lo envía aquí",
    commands_limit="Enviaste muchos mensajes. Haz una pausa de una hora, por favor; los archivos que esperan están a salvo.",
    number_missing="Añade el número del informe, por favor, por ejemplo: {command} 12. LISTA muestra los números.",
    verbs={"get": "VER", "edit": "EDITAR", "share": "COMPARTIR", "unshare": "NO COMPARTIR", "delete": "BORRAR"},
    search_words_missing="Añade qué busco, por favor, por ejemplo: BUSCAR azúcar",
    delete_question="¿Borrar este informe?\n\n{report}",
    delete="Borrar",
    keep="Conservar",
    kept="Todo queda como está.",
    deleted="El informe {number} está borrado. DESHACER lo trae de vuelta hasta el {day}; después queda borrado para siempre.",
    undo="Deshacer",
    restored="El informe {number} está de vuelta.",
    nothing_to_undo="No hay nada que traer de vuelta.",
    not_there="No tienes ningún informe {number}. LISTA muestra los que hay.",
    pin_question="Envía tu PIN de 6 cifras, por favor.",
    pin_form="Un PIN tiene 6 cifras. Envíalas solas, por favor.",
    pin_wrong=("Ese no era el PIN. Queda {count} intento.", "Ese no era el PIN. Quedan {count} intentos."),
    pin_blocked=(
        "Demasiados PIN equivocados. Inténtalo de nuevo en {count} minuto, por favor.",
        "Demasiados PIN equivocados. Inténtalo de nuevo en {count} minutos, por favor.",
    ),
    pin_missing=(
        "Tu número o tu teléfono ha cambiado, y no había PIN. Para que nadie más los vea, tus informes anteriores quedan cerrados. "
        "Pregunta a {keeper}, por favor. Puedes guardar informes nuevos."
    ),
    let_in=(
        "Tus informes anteriores están abiertos otra vez: se comprobó con {keeper} que eres tú. Un PIN de antes ya no vale. Envía "
        "PIN para elegir uno, y la próxima vez te lo pregunto yo."
    ),
    unsaved_discarded=(
        "Tu número o tu teléfono ha cambiado. Para que nadie más lo vea, se descartó lo que aún no estaba guardado. Envíalo otra "
        "vez, por favor."
    ),
    pin_new="¿Qué 6 cifras serán tu PIN? Te las pido si cambia tu número.",
    pin_weak="Eso es demasiado fácil de adivinar. Elige otras 6 cifras, por favor.",
    pin_set="Tu PIN está puesto. Borra de este chat tu mensaje con el PIN, por favor.",
    language_question="¿Qué idioma hablo?",
    language_set="Ahora hablo español contigo.",
    list_title="Tus informes, página {page}",
    list_empty="Aún no tienes informes guardados. Envíame uno en PDF o foto.",
    list_none="No hay ningún informe así. LISTA los muestra todos.",
    list_more="Más",
    list_next="LISTA {page} muestra más.",
    list_label="Mostrar informes",
    report_title="Informe {number}",
    search_title=("Encontré {count} informe.", "Encontré {count} informes."),
    search_none="No encontré nada. Busco palabras enteras, en los datos y en los informes.",
    link="{report}\n\n{url}\n\nEl enlace sirve una vez, durante {minutes} minutos. Quien lo tenga puede abrir el informe.",
    share="{report}\n\n{url}\n\nPuedes pasar este enlace. Sirve {hours} horas, y te aviso cuando alguien lo abra.",
    stop_sharing="No compartir más",
    unshared="Los enlaces al informe {number} ya no sirven.",
    share_opened="Alguien abrió el enlace que compartiste al informe {number}.",
    history_title="Lo que se hizo con tus informes",
    history_title_report="Lo que se hizo con el informe {number}",
    history_empty="Aún no se ha hecho nada.",
    actions={
        "saved": "guardado",
        "changed": "cambiado",
        "viewed": "mostrado",
        "opened": "archivo abierto",
        "link_made": "enlace creado",
        "link_opened": "enlace abierto",
        "pages_seen": "páginas mostradas",
        "reordered": "páginas ordenadas",
        "links_ended": "enlaces terminados",
        "deleted": "borrado",
        "restored": "traído de vuelta",
        "erased": "borrado para siempre",
        "exported": "exportado",
        "listed": "lista mostrada",
        "searched": "búsqueda",
        "agreed": "aceptaste el texto de privacidad",
        "stopped": "enviaste ALTO",
        "pin_set": "PIN puesto",
        "pin_wrong": "PIN equivocado",
        "unlocked": "abierto de nuevo para ti",
    },
    by_staff="{action}, por el personal",
    by_link="{action}, por un enlace",
    export_started="Estoy reuniendo tus informes. Te escribo cuando estén listos.",
    export_ready="Tus informes están listos: {count}.\n\n{url}\n\nEl enlace sirve {hours} horas. Guarda el archivo en un lugar seguro.",
    export_failed="No se pudieron reunir tus informes. Prueba EXPORTAR de nuevo más tarde, por favor.",
    export_empty="Aún no hay nada que exportar.",
)
